/// What the cache knows of one slot: a token, a failure; each may be there without the other.
struct CachedToken {
    enum Held {
        case open(AccessToken)
        /// From before a restart, and not asked for since.
        case sealed(SealedToken)

        var life: TokenLife {
            switch self {
            case .open(let token): token.life
            case .sealed(let token): token.life
            }
        }
    }

    var held: Held? { didSet { changed() } }
    /// What answers with the token that is held rest on.
    private(set) var ground = Ground()
    /// A failure may mean that the key is dead, and its token with it.
    var lastFailure: SharedFailure? { didSet { if lastFailure != nil { changed() } } }
    /// Whether somebody asked for the token since it was minted.
    var isWanted = false
    /// Whether somebody waits for the next one.
    var isAwaited = false

    private mutating func changed() {
        ground.giveWay()
        ground = Ground()
    }

    /// The failure, while it stands for an answer.
    func failure(at now: Moment) -> SharedFailure? {
        lastFailure.flatMap { $0.remaining(at: now) > .zero ? $0 : nil }
    }
}
