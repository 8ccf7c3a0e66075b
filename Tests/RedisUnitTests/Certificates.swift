import Glibc
import Syscalls
import SystemPackage

/// An authority and certificates that it has signed, made for one test run.
final class Certificates: Sendable {
    static let isInstalled = access("/usr/bin/openssl", X_OK) == 0
    /// Made when the first test needs them.
    static let shared = Certificates()

    nonisolated(unsafe) private let scratch = Scratch()

    private static let script = """
        set -e
        new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        authority() { openssl req -x509 $new -keyout $1.key -out $1.pem -days 2 -subj /CN=$1; }
        signed() {
            openssl req $new -keyout $1.key -out $1.csr -subj /CN=$1
            echo "subjectAltName=$3" > $1.names
            openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days $2 -extfile $1.names -out $1.pem
        }
        authority ca
        authority stranger
        signed server 2 DNS:localhost,IP:127.0.0.1
        signed other 2 DNS:other.example,DNS:*.localhost,IP:127.0.0.2
        signed expired -1 DNS:localhost,IP:127.0.0.1
        signed client 2 DNS:client
        cat client.pem client.key > both.pem
        openssl ec -in client.key -aes128 -passout pass:secret -out locked.key
        """

    private init() {
        var request = SpawnRequest(
            path: "/bin/sh", arguments: ["sh", "-c", Self.script], environment: ["PATH=/usr/bin:/bin"])
        request.workingDirectory = self.scratch.directory
        request.standard = (nullDevice, nullDevice, nullDevice)
        guard let pid = try? spawn(request), let exit = try? reap(pid), exit.status == .exited(0) else {
            preconditionFailure("openssl makes certificates.")
        }
        atexit { Certificates.shared.remove() }
    }

    func path(_ name: String) -> String { self.scratch.path(name) }

    private func remove() { self.scratch.remove() }
}
