import Crypto
import Foundation
import Testing

@testable import Broker
@testable import BrokerSQLite

/// What was written once is read for ever.
///
/// A folder in `Golden` is a data directory as a program of its time left it, and is never written again: access keys
/// `key-1` and `key-2` of `project-1`, `key-3` of `project-2`, and `key-4`, disabled, of `project-3`; each with a token
/// of 24 hours; `client-1`, granted the first two projects, whose secret was rotated, and `client-2`, a Unix user's.
struct GoldenTests {
    /// A minute after the folder was written.
    private static let schema3 = Date(timeIntervalSince1970: 1_795_629_520)

    /// Expects the four keys, and that both of the client's secrets still let it in.
    private func expectKeys(in core: BrokerCore, andSecretsOfClient1 secrets: String...) async throws {
        let states = try (1...4).map { try core.registry.key(KeyID("key-\($0)"))?.state }
        #expect(states == [.active, .standby, .active, .disabled])
        for secret in secrets {
            _ = try await core.authenticator.authorize(
                ClientClaim(id: "client-1", secret: Secret(secret)),
                from: Peer(.address("127.0.0.1", network: "loopback"))
            )
        }
    }

    @Test func `a data directory with records that have no term`() async throws {
        let stored = try StoredBroker(golden: "schema-3", at: Self.schema3)
        try await stored.run { core in
            for id in 1...4 {
                let key = try #require(core.registry.key(KeyID("key-\(id)")))
                let secret = try core.sealer.open(key.secret, from: key.secretPlace)
                #expect(secret.reveal() == "secret-of-key-\(id)")
                #expect(key.lastMint.date != nil)
                let token = try #require(core.cache.token(in: key.slot(for: key.scope)))
                #expect(token.value.reveal() == "token-of-key-\(id)")
            }
            try await expectKeys(
                in: core,
                andSecretsOfClient1: "tbs_yahmedAtCjFjID1xh4_uQbTIRjHRAXvDxynbIt0lX6w",
                "tbs_FHujzHUsn-Edvdfz0HSultSgfxI7bCcp4_EfdR7-HFM"
            )
            #expect(try core.registry.client(ClientID("client-1"))?.grants.count == 2)
            #expect(try core.registry.client(ClientID("client-2"))?.users == [1234])
        }
    }

    /// Written by the program that rotated the master key first, which was stopped when only the purpose keys and `key-5`,
    /// which `project-4` got then, were sealed under the new one.
    @Test func `a data directory whose master key is half rotated`() async throws {
        let stored = try StoredBroker(golden: "schema-4", at: Self.schema3)
        for isRotated in [false, true] {
            try await stored.run { core in
                for id in 1...5 {
                    let key = try #require(core.registry.key(KeyID("key-\(id)")))
                    let secret = try core.sealer.open(key.secret, from: key.secretPlace)
                    #expect(secret.reveal() == "secret-of-key-\(id)")
                }
                if isRotated { return }
                let progress = try await Administrator(core, for: .administrator(user: 0)).perform(
                    MasterKeyRotation(begin: true)
                )
                #expect((progress.term, progress.left) == (2, 0))
            }
        }
    }

    /// Without tokens and `key-5`; `client-2` is disabled, and the audit log's first records were pruned.
    @Test func `a data directory whose rows have no authentication codes`() async throws {
        let stored = try StoredBroker(golden: "schema-5", at: Date(timeIntervalSince1970: 1_796_027_200))
        for _ in 1...2 {
            try await stored.run { core in
                try await expectKeys(
                    in: core,
                    andSecretsOfClient1: "tbs_Hux8j52ERovEBkrAS6VPJVb8ThYVQYim8kiOf5g-UFE",
                    "tbs_IdRZAvxGpFlD-9ntt3jdjfzn2TPk66V3ERC7eqN99N8"
                )
                let client = try #require(core.registry.client(ClientID("client-2")))
                #expect(!client.isEnabled && client.users == [1234] && client.grants.count == 1)
                let proof = try await core.store.verifyAuditLog(after: nil, anchor: nil)
                #expect(proof.isWhole && proof.first == 12)
            }
        }
    }

    /// Without tokens. Nothing ties the WALs of the first one to it; the second one does not know when clients were used; the
    /// third one has no index of its backups.
    @Test(arguments: [
        (
            "schema-6", 1_796_036_560.0, "tbs_SRGfrgNjK8QCA0QKMbw_4mMnWXXGJeXDzzr7oxBnluM",
            "tbs_V6VZ2RuQml5uNbSCnfmEsvkqkHmoMLca7DuV-kqV4co"
        ),
        (
            "schema-7", 1_796_049_250.0, "tbs_Zt9Cs3DnPKnFPyZb3abCavvgiXXJRhpujeTqgG0sVTg",
            "tbs_JAxDfrD1g5vj9CNjFKVXpbI2DfCeE6mVjyCL96bG8Dc"
        ),
        (
            "schema-8", 1_796_066_649.0, "tbs_4dYbhQ0Y9TMiqw4cZ1R8br2jI1rHHxQu6rbIvQuJPQ8",
            "tbs_Vc9-7uVUgBhZAeYsIPxtrNzm-NLhVYFuaVTpgo9ZSGo"
        ),
    ])
    func `a data directory whose rows have authentication codes`(
        name: String, time: Double, newSecret: String, oldSecret: String
    ) async throws {
        let stored = try StoredBroker(golden: name, at: Date(timeIntervalSince1970: time))
        for _ in 1...2 {
            try await stored.run { core in
                try await expectKeys(in: core, andSecretsOfClient1: newSecret, oldSecret)
                #expect(try core.registry.client(ClientID("client-2"))?.users == [1234])
                #expect(try await core.store.verifyAuditLog(after: nil, anchor: nil).isWhole)
            }
        }
    }

    @Test(arguments: [
        (
            SealedRecord.Format.withoutTerm, 1_795_629_457_882, nil as String?,
            "AZz//UUiixHkmDqqTytMqhKgTo31JQi1iaS1rEOvc/F7UIM3l/tm7okxc8TKBvzAofLUqQTQbCUEEC0qPyDQq0UVRlHJlr6mxvuMGfOtf/NX"
                + "+7Kk67f1HZ8Ofg22SQCODblxuz/ytzMhaUD+"
        ),
        (
            .withTerm, 1_795_629_457_882, nil,
            "AgAAAQLgaDnXgLYNZ7LoQprFKw4MxYA8N11akzlFpHNPCXSSCKae6jA51LEOdps72OK4J7HR1lqh2qDDTR3odTelIeWNy0g+1uhw/6hq2CAi"
                + "LdnIMcnxyy0dHbiWD/4G71hO7op1kMEgaTTsCkkzYw=="
        ),
        (
            .withTerm, 1_795_840_395_673, "https://auth.example/oauth2/token",
            "AgAAAAHl8eY2xfxrzUi8sCj1WeSQp1r5F0e9BTQxtjFc6RBJ7qA/KoakoLamVRNFegjHNqPREHh2hHCgtegwosiu4VLyDCqzFhkP+DxIEE80"
                + "nYQrn6BPQmegTWqWLFUcqATeoepbbHr1fGKxCeuAew=="
        ),
    ])
    func `a record`(format: SealedRecord.Format, version: Int, endpoint: String?, sealed: String) throws {
        let master = try #require(Data(base64URLEncoded: "tsTKmOF-YGJJ-eaVyCOJfQ3bjJMySS0j_HNt406Z7ow"))
        let record = try SealedRecord(Array(#require(Data(base64Encoded: sealed))))
        #expect(record.format == format)
        let key = SealingKey(SymmetricKey(data: master), term: record.term)
        let place = SealedPlace.keySecret(
            try KeyID("key-1"), version: version, tokenEndpoint: endpoint.flatMap(URL.init(string:))
        )
        #expect(try key.open(record, for: AssociatedData(place)) == Data("secret-of-key-1".utf8))
    }
}
