import ProcessLimits
import Testing

@Suite struct ProcessLimitsTests {
    @Test(
        arguments: [
            ("Name:\tx\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n", 1), ("Cpus_allowed:\t3\n", 2),
            ("Cpus_allowed:\tff,f000000f\n", 16), ("Cpus_allowed:\t0\n", nil), ("Name:\tx\n", nil), ("", nil),
        ] as [(String, Int?)])
    func `the processors are those of the mask`(status: String, count: Int?) {
        #expect(Processors.allowed(in: status) == count)
    }

    @Test func `the kernel says how many there are`() throws {
        #expect(try #require(Processors.allowed) >= 1)
    }
}
