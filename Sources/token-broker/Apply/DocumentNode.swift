import ArgumentParser
import Broker
import CYAMLScan
import Foundation
import Yams

/// A value of a document, and where it stands there; each reading of it throws ``OperatorError`` that says where.
struct DocumentNode {
    /// More than any registry file has.
    private static let deepest: CInt = 8

    private let node: Node
    private let file: String
    /// Of the field that it belongs to, where it is one's.
    private let name: String?

    /// `nil` where the document is empty. YAML, and so JSON (YAML 1.2 §1.3), without aliases and deep nesting.
    ///
    /// - Parameter file: what the document is called.
    init?(document: String, called file: String) throws {
        try Self.checkIsReadable(document, called: file)
        do {
            guard let root = try Parser(yaml: document, encoding: .utf8).singleRoot() else { return nil }
            self.init(root, in: file)
        } catch let error as YamlError {
            let (line, problem) = error.problem(in: document)
            throw OperatorError(.invalid, "\(file)\(line.map { ":\($0)" } ?? ""): \(problem)")
        }
    }

    /// Refuses a document that Yams would take too long to read, or that is much larger than its text.
    ///
    /// Yams hashes the keys of a mapping while it reads them: each level of nesting in a key hashes the rest of the key
    /// again, and each alias doubles it.
    private static func checkIsReadable(_ document: String, called file: String) throws {
        var line = 0
        var document = document
        switch document.withUTF8({ yaml_first_obstacle($0.baseAddress, $0.count, deepest, &line) }) {
        case YAML_OBSTACLE_ALIAS:
            throw OperatorError(
                .invalid, "\(file):\(line): YAML aliases are not supported",
                hint: "replace the alias by the value that it stands for"
            )
        case YAML_OBSTACLE_DEPTH:
            throw OperatorError(
                .invalid, "\(file):\(line): lists and fields are nested more than \(deepest) levels deep")
        default: break
        }
    }

    private init(_ node: Node, in file: String, name: String? = nil) {
        self.node = node
        self.file = file
        self.name = name
    }

    /// Such as `registry.yaml:3`.
    var location: String { file + (node.mark.map { ":\($0.line)" } ?? "") }

    func list() throws -> [DocumentNode] {
        guard case .sequence(let nodes) = node else { throw mistake("this is a list; an empty one is []") }
        return nodes.map { DocumentNode($0, in: file, name: name) }
    }

    /// - Parameter known: the fields that there are.
    func fields(_ known: [String]) throws -> [String: DocumentNode] {
        guard case .mapping(let fields) = node else {
            throw mistake("here are fields: \(known.joined(separator: ", "))")
        }
        var values: [String: DocumentNode] = [:]
        for (key, value) in fields {
            let name = key.scalar?.string ?? ""
            guard known.contains(name) else {
                throw DocumentNode(key, in: file).mistake(
                    "there is no field '\(name)' here",
                    hint: name.question(in: known) + "there are: \(known.joined(separator: ", "))"
                )
            }
            values[name] = DocumentNode(value, in: file, name: name)
        }
        return values
    }

    /// What a text is read as.
    func value<Value>(_ read: (String) throws -> Value) throws -> Value {
        guard case .scalar(let scalar) = node, node.null == nil else { throw mistake("this is a text") }
        do {
            return try read(scalar.string)
        } catch let error as ValidationError {
            throw mistake(error.message)
        } catch let error as OperatorError {
            throw mistake(error.message, error.reason, hint: error.hint)
        }
    }

    func bool() throws -> Bool {
        guard let bool = node.bool else { throw mistake("this is true or false") }
        return bool
    }

    func mistake(
        _ message: String, _ reason: OperatorError.Reason = .invalid, hint: String? = nil
    ) -> OperatorError {
        OperatorError(reason, "\(location): \(name.map { "\($0): " } ?? "")\(message)", hint: hint)
    }
}

extension YamlError {
    /// What is wrong, without what the document says there.
    fileprivate func problem(in document: String) -> (line: Int?, text: String) {
        switch self {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            (mark.line, [context?.text, problem].compactMap(\.self).joined(separator: ", "))
        case .duplicatedKeysInMapping(let names, let context):
            (context.mark.line, "the field '\(names.first ?? "")' is there twice")
        case .reader(let problem, let offset, _, _):
            (offset.map { document.prefix($0).count { $0.isNewline } + 1 }, problem)
        default:
            (nil, "this cannot be read as YAML")
        }
    }
}
