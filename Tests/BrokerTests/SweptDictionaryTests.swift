import Testing

@testable import Broker

struct SweptDictionaryTests {
    @Test func `what is settled goes, however many come, and what is not stays`() {
        var dictionary = SweptDictionary<Int, Bool>()
        for number in 0..<100 { dictionary.set(false, for: -number - 1) { $0 } }
        for number in 0..<100_000 {
            dictionary.set(true, for: number) { $0 }
            #expect(dictionary.values.count <= 301)
        }
        #expect(dictionary.values.values.count { !$0 } == 100)
    }
}
