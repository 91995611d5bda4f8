import Hummingbird

/// What Sinch's Numbers API lists: the same two numbers for every project.
struct NumberRoutes<Context: RequestContext>: Sendable {
    func add(to group: RouterGroup<Context>) {
        group.get { _, context in
            let projectID = try context.parameters.decoded("projectId")
            return try Response.json(
                List(
                    activeNumbers: [
                        Number(phoneNumber: "+12025550134", projectId: projectID),
                        Number(phoneNumber: "+12025550135", projectId: projectID),
                    ],
                    totalSize: 2
                )
            )
        }
    }

    private struct List: Encodable {
        let activeNumbers: [Number]
        let totalSize: Int
    }

    private struct Number: Encodable {
        let phoneNumber: String
        let projectId: String
        let regionCode = "US"
        let type = "LOCAL"
        let capability = ["SMS", "VOICE"]
    }
}
