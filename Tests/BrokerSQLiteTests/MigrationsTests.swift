import Foundation
import Migrations
import Testing

struct MigrationsTests {
    @Test func `every migration in the folder is embedded, in order, as it stands there`() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("migrations")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }
            .sorted()
        #expect(Migrations.all.map { $0.name + ".sql" } == files)
        for migration in Migrations.all {
            let file = try Data(contentsOf: folder.appendingPathComponent(migration.name + ".sql"))
            #expect(Data(migration.sql) == file)
        }
    }
}
