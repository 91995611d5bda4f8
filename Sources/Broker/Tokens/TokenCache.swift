import Logging
import Synchronization

/// The tokens that are there, by the slot that they belong to.
///
/// A token from before a restart stays sealed until it is first asked for.
package final class TokenCache: Sendable {
    private enum Held {
        case open(AccessToken)
        case sealed(SealedToken)

        var life: TokenLife {
            switch self {
            case .open(let token): token.life
            case .sealed(let token): token.life
            }
        }
    }

    /// An object, so that the dictionary's free places are small.
    private final class Entry: Sendable {
        let held: Held
        /// What responses with the token rest on; goes with the token.
        let validity: Validity

        init(_ held: Held, validity: Validity = Validity()) {
            self.held = held
            self.validity = validity
        }
    }

    private let queue: RefreshQueue
    private let sealer: any Sealer
    private let clock: any BrokerClock
    private let logger: Logger
    /// Guards the tokens. Nothing is opened, and nobody waits, while it is held.
    private let entries = Mutex<[TokenSlot: Entry]>([:])

    init(queue: RefreshQueue, sealer: any Sealer, clock: any BrokerClock, logger: Logger) {
        self.queue = queue
        self.sealer = sealer
        self.clock = clock
        self.logger = logger
    }

    /// The slot's token, whatever life it has left.
    package func token(in slot: TokenSlot) -> AccessToken? {
        switch entries.withLock({ $0[slot]?.held }) {
        case .open(let token): token
        case .sealed(let sealed): open(sealed)
        case nil: nil
        }
    }

    /// The slot's token, unless nobody has asked for it since a restart.
    func openToken(in slot: TokenSlot) -> AccessToken? {
        if case .open(let token) = entries.withLock({ $0[slot]?.held }) { token } else { nil }
    }

    /// The life of the slot's token.
    package func life(in slot: TokenSlot) -> TokenLife? {
        entries.withLock { $0[slot]?.held.life }
    }

    /// Whether any slot has a token that a client can still use.
    package var hasUsableToken: Bool {
        let now = clock.now
        return entries.withLock { $0.values.contains { $0.held.life.isUsable(at: now) } }
    }

    /// What responses with a token rest on; `nil` when the slot holds another by now.
    func validity(of token: AccessToken) -> Validity? {
        entries.withLock { entries in
            guard case .open(let held) = entries[token.slot]?.held, held.digest == token.digest else { return nil }
            return entries[token.slot]?.validity
        }
    }

    /// Holds a token that was minted just now.
    package func put(_ token: AccessToken) {
        replace(token.slot, with: Entry(.open(token)))
        queue.schedule(token.slot, token.life, at: clock.now)
    }

    /// Holds the tokens from before a restart that have not expired.
    func load(_ tokens: [SealedToken]) {
        let now = clock.now
        queue.reserveCapacity(tokens.count)
        entries.withLock { $0.reserveCapacity(tokens.count) }
        for token in tokens.lazy.compactMap({ $0.resumed(at: now) }) {
            replace(token.slot, with: Entry(.sealed(token)))
            queue.schedule(token.slot, token.life, at: now)
        }
    }

    /// Removes a token that is dead although its life is not over, unless it has been replaced meanwhile.
    func remove(_ token: TokenDigest, from slot: TokenSlot) {
        let isHeld = entries.withLock { entries in
            if case .open(let held) = entries[slot]?.held { held.digest == token } else { false }
        }
        if isHeld { remove(slot) }
    }

    /// Removes whatever the slot holds.
    func remove(_ slot: TokenSlot) {
        replace(slot, with: nil)
        queue.remove(slot)
    }

    /// Removes the slot's token if its life is over.
    func removeExpired(_ slot: TokenSlot) {
        guard let life = life(in: slot), life.remaining(at: clock.now) <= .zero else { return }
        replace(slot, with: nil)
    }

    private func replace(_ slot: TokenSlot, with entry: Entry?) {
        entries.withLock { entries in
            let previous = entries[slot]
            entries[slot] = entry
            return previous
        }?.validity.invalidate()
    }

    private func open(_ sealed: SealedToken) -> AccessToken? {
        do {
            let token = try sealed.opened(by: sealer)
            return entries.withLock { entries in
                guard let entry = entries[sealed.slot] else { return nil }
                // Another caller may have opened it, or a mint replaced it.
                if case .open(let token) = entry.held { return token }
                entries[sealed.slot] = Entry(.open(token), validity: entry.validity)
                return token
            }
        } catch {
            logger.log(
                .recordUnreadable, level: .error, "a stored token cannot be opened: a new one is minted",
                ["key_id": "\(sealed.slot.keyID)", "reason": "\(error.reason)"]
            )
            remove(sealed.slot)
            return nil
        }
    }
}
