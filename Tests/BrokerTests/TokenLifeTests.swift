import Broker
import BrokerTesting
import Foundation
import Testing

struct TokenLifeTests {
    let clock = ManualClock()

    @Test(
        arguments: [
            (3599, .seconds(3599)), (nil, .seconds(300)), (1e6, .seconds(86_400)), (3599.9, .seconds(3599)),
            (1e300, .seconds(86_400)),
        ] as [(Double?, Duration)]
    )
    func `a stated lifetime is believed within limits`(stated: Double?, lifetime: Duration) {
        #expect(TokenLifetime.accepted(stated: stated, token: Secret("opaque"), sentAt: clock.now) == lifetime)
    }

    @Test(arguments: [0, -1, 0.5, .nan, .infinity])
    func `a lifetime that is no positive number of seconds is refused`(stated: Double) {
        #expect(TokenLifetime.accepted(stated: stated, token: Secret("opaque"), sentAt: clock.now) == nil)
    }

    @Test func `a JWT's expiry only ever shortens the life`() {
        let sentAt = clock.now
        func token(expiringIn seconds: Double) -> Secret {
            let claims = Data(#"{"exp": \#(sentAt.wall.timeIntervalSince1970 + seconds)}"#.utf8)
            return Secret("e30.\(claims.base64URLEncodedString()).sig")
        }
        #expect(TokenLifetime.accepted(stated: 3599, token: token(expiringIn: 60), sentAt: sentAt) == .seconds(60))
        #expect(TokenLifetime.accepted(stated: 3599, token: token(expiringIn: 9999), sentAt: sentAt) == .seconds(3599))
        for past in [-1, -1e300] {
            #expect(TokenLifetime.accepted(stated: 3599, token: token(expiringIn: past), sentAt: sentAt) == .zero)
        }
        #expect(TokenLifetime.accepted(stated: 3599, token: token(expiringIn: 1e300), sentAt: sentAt) == .seconds(3599))
    }

    @Test func `a refresh is due at 75 % of the life, give or take 5`() {
        #expect(TokenLifetime.refreshDue(after: .seconds(10_000), random: 0) == .seconds(7000))
        #expect(TokenLifetime.refreshDue(after: .seconds(10_000), random: 0.5) == .seconds(7500))
        #expect(TokenLifetime.refreshDue(after: .seconds(10_000), random: 0.9999) < .seconds(8000))
    }

    @Test(arguments: [20, 60, 300, 599, 600, 601, 1200, 1500, 2000, 3599, 86_400])
    func `a refresh is due well before the promise ends, however short the life`(seconds: Int) {
        let lifetime = Duration.seconds(seconds)
        let latest = TokenLifetime.refreshDue(after: lifetime, random: 0.9999)
        #expect(latest < (lifetime - TokenLifetime.promised(of: lifetime)) * 0.97)
    }

    @Test func `a token is fresh, then due, then expired`() {
        let life = TokenLife(start: clock.now, lifetime: .seconds(1000), refreshDue: .seconds(750))
        #expect(life.state(at: clock.now) == .fresh)
        clock.advance(by: .seconds(750))
        #expect(life.state(at: clock.now) == .refreshDue)
        clock.advance(by: .seconds(250))
        #expect(life.state(at: clock.now) == .expired)
    }

    @Test func `the earlier of two clocks' expiries counts`() {
        let life = TokenLife(start: clock.now, lifetime: .seconds(1000), refreshDue: .seconds(750))
        clock.advance(by: .seconds(100))
        clock.setWall(by: .seconds(-3600))
        #expect(life.remaining(at: clock.now) == .seconds(900), "a wall clock that is set back prolongs nothing")
        clock.setWall(by: .seconds(3600 + 800))
        #expect(life.remaining(at: clock.now) == .seconds(100), "a wall clock that is set ahead shortens")
    }

    @Test func `the promise is 300 s, or half of a shorter life`() {
        #expect(TokenLifetime.promised(of: .seconds(3599)) == .seconds(300))
        #expect(TokenLifetime.promised(of: .seconds(20)) == .seconds(10))
    }
}
