extension Sandbox {
    /// What goes wrong with the next token requests, how often and for whom.
    package struct Fault: Codable, Sendable, Equatable {
        /// What happens to a request that the fault hits.
        package enum Action: Sendable, Equatable {
            /// It gets this answer.
            case answer(CannedAnswer)
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
            try decoder.refuseFields(
                except: CannedAnswer.CodingKeys.allCases.map(\.rawValue) + CodingKeys.allCases.map(\.rawValue)
            )
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            times = try fields.decodeIfPresent(Int.self, forKey: .times)
            keyID = try fields.decodeIfPresent(String.self, forKey: .keyID)
            action = .answer(try CannedAnswer(from: decoder))
        }

        package func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(times, forKey: .times)
            try fields.encode(keyID, forKey: .keyID)
            switch action {
            case .answer(let answer): try answer.encode(to: encoder)
            }
        }

        enum CodingKeys: String, CodingKey, CaseIterable {
            case times
            case keyID = "key_id"
        }

        func hits(_ keyID: String?) -> Bool {
            (self.keyID == nil || self.keyID == keyID) && (times ?? 1) > 0
        }
    }
}
