import Sandbox

/// Runs a seccomp program as the kernel does (classic BPF): no kernel is needed.
struct FilterMachine {
    /// What the kernel is told of a call (`struct seccomp_data`).
    struct Call {
        var number: Int32
        var architecture: UInt32 = FilterMachine.native
        var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]

        /// The 64 bytes that programs read from.
        var words: [UInt32] {
            var words = [UInt32(bitPattern: self.number), self.architecture, 0, 0]
            for argument in self.arguments { words += [UInt32(truncatingIfNeeded: argument), UInt32(argument >> 32)] }
            return words
        }
    }

    /// What a program may answer (`SECCOMP_RET_*`).
    enum Verdict: Equatable {
        case killProcess
        case trap
        case fail(UInt32)
        case log
        case allow
        case other(UInt32)

        init(_ value: UInt32) {
            switch value & 0xffff_0000 {
            case 0x8000_0000: self = .killProcess
            case 0x0003_0000: self = .trap
            case 0x0005_0000: self = .fail(value & 0xffff)
            case 0x7ffc_0000: self = .log
            case 0x7fff_0000: self = .allow
            default: self = .other(value)
            }
        }
    }

    #if arch(x86_64)
        static let native: UInt32 = 0xc000_003e
        static let foreign: [UInt32] = [0x4000_0003, 0xc000_00b7]
    #else
        static let native: UInt32 = 0xc000_00b7
        static let foreign: [UInt32] = [0x4000_0028, 0xc000_003e]
    #endif

    let program: [UInt64]

    func run(_ call: Call) -> Verdict {
        let data = call.words
        var accumulator: UInt32 = 0
        var index = 0
        while true {
            let instruction = self.program[index]
            let code = UInt16(truncatingIfNeeded: instruction)
            let (whenTrue, whenFalse) = (Int(instruction >> 16 & 0xff), Int(instruction >> 24 & 0xff))
            let operand = UInt32(instruction >> 32)
            index += 1
            switch code {
            case 0x20: accumulator = data[Int(operand) / 4]
            case 0x54: accumulator &= operand
            case 0x05: index += Int(operand)
            case 0x15: index += accumulator == operand ? whenTrue : whenFalse
            case 0x25: index += accumulator > operand ? whenTrue : whenFalse
            case 0x35: index += accumulator >= operand ? whenTrue : whenFalse
            case 0x45: index += accumulator & operand != 0 ? whenTrue : whenFalse
            case 0x06: return Verdict(operand)
            default: preconditionFailure("The filter has an instruction \(code) that this machine does not know.")
            }
        }
    }
}
