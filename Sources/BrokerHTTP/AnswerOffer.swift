import Synchronization

/// Where a route leaves word that the answer it is about to give may be repeated.
///
/// A connection's requests are answered one after the other, so that there is one such place for each connection.
final class AnswerOffer: Sendable {
    /// Guards what was offered last.
    private let offer = Mutex<StandingAnswer.Offer?>(nil)

    func make(_ offer: StandingAnswer.Offer) {
        self.offer.withLock { $0 = offer }
    }

    func take() -> StandingAnswer.Offer? {
        offer.withLock { offer in
            defer { offer = nil }
            return offer
        }
    }
}
