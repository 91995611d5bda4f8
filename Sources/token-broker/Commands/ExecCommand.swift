import ArgumentParser
import Broker
import Foundation
import Glibc
import TokenBrokerClient

struct ExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Runs a command with a token in SINCH_ACCESS_TOKEN.",
        example: "exec --project my-project -- ./report.sh",
        discussion: "The token is not replaced while the command runs."
    )

    @Option(help: "The project.", transform: ProjectID.argument) var project: ProjectID
    @OptionGroup(title: "Broker") var client: ClientSettings
    @OptionGroup(visibility: .hidden) var settings: Settings
    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind '--'.") var command: [String]

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("no command is named: put it behind '--'") }
    }

    /// Becomes the command: its exit code is the command's.
    func run() async throws {
        setenv("SINCH_ACCESS_TOKEN", try await client.token(of: project, settings).value, 1)
        // As a shell starts it, whatever the libraries have opened, ignored and blocked.
        for file in try Self.openFiles().subtracting(Self.inherited) { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
        signal(SIGPIPE, SIG_DFL)
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        execvp(command[0], &arguments)
        throw OperatorError.system("cannot run '\(command[0])'")
    }

    /// What whoever started the program has opened for it; asked for before anything else is opened.
    static let inherited = (try? openFiles()) ?? []

    private static func openFiles() throws -> Set<CInt> {
        Set(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { CInt($0) })
    }
}
