import HTTPTypes

/// One page of trunks, in the numbering that Sinch's Node SDK expects of this API.
struct TrunkPage: Encodable {
    let trunks: [Trunk]
    /// From one.
    let pageNumber: Int
    let pageSize: Int
    let totalItems: Int

    init(_ all: [Trunk], page: Int, size: Int) throws(APIError) {
        guard page >= 1, (1...1000).contains(size) else {
            throw APIError(.badRequest, "Pages count from 1 and hold 1 to 1000 trunks.")
        }
        // A page beyond the last is empty; the guard keeps a huge number from overflowing.
        let start = page > all.count ? all.count : min(all.count, (page - 1) * size)
        trunks = Array(all[start...].prefix(size))
        pageNumber = page
        pageSize = size
        totalItems = all.count
    }
}
