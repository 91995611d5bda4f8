extension Sandbox {
    /// What goes wrong with the next token requests, how often and for whom.
    ///
    /// In JSON, an answer's fields or the kind of a ``WireFault`` stand beside `times` and `key_id`:
    ///
    ///     {"status": 503, "headers": {"Retry-After": "2"}, "body": "busy", "content_type": "text/plain", "times": 1}
    ///     {"kind": "drip_head", "times": 3, "key_id": "key-1"}
    package struct Fault: Codable, Sendable, Equatable {
        /// What happens to a request that the fault hits.
        package enum Action: Sendable, Equatable {
            /// It gets this answer.
            case answer(CannedAnswer)
            /// This happens on its connection.
            case wire(WireFault)
        }

        package var action: Action
        /// How many more requests it hits; without a number, all.
        package var times: Int?
        /// The only key whose requests it hits; without one, every request.
        package var keyID: String?

        package init(_ action: Action, times: Int? = nil, keyID: String? = nil) {
            self.action = action
            self.times = times
            self.keyID = keyID
        }

        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            times = try fields.decodeIfPresent(Int.self, forKey: .times)
            keyID = try fields.decodeIfPresent(String.self, forKey: .keyID)

            let own = CodingKeys.allCases.map(\.rawValue)
            if let fault = try fields.decodeIfPresent(WireFault.self, forKey: .kind) {
                try decoder.refuseFields(except: own)
                action = .wire(fault)
            } else {
                try decoder.refuseFields(except: own + CannedAnswer.CodingKeys.allCases.map(\.rawValue))
                action = .answer(try CannedAnswer(from: decoder))
            }
        }

        package func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(times, forKey: .times)
            try fields.encode(keyID, forKey: .keyID)
            switch action {
            case .answer(let answer): try answer.encode(to: encoder)
            case .wire(let fault): try fields.encode(fault, forKey: .kind)
            }
        }

        enum CodingKeys: String, CodingKey, CaseIterable {
            case kind
            case times
            case keyID = "key_id"
        }

        func hits(_ keyID: String?) -> Bool {
            (self.keyID == nil || self.keyID == keyID) && (times ?? 1) > 0
        }
    }
}
