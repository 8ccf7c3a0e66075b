import Testing

@testable import Configuration

struct CommandTemplateTests {
    private static let message: [CommandTemplate.Placeholder: String] = [
        .argument(0): "in.mp4", .argument(12): "{id}", .keyword("out-dir_2"): "a b; rm", .id: "7f", .arguments: "[1]",
        .keywords: "{}",
    ]

    @Test(arguments: [
        ("", ""), ("-i", "-i"), ("{args[0]}", "in.mp4"), ("file:{args[0]}!", "file:in.mp4!"),
        ("{args[12]}", "{id}"), ("{kwargs.out-dir_2}", "a b; rm"), ("{id}{id}", "7f7f"),
        ("{args}{kwargs}", "[1]{}"), ("{{id}}", "{id}"), ("{{{id}}}", "{7f}"), ("}}{{", "}{"), ("é{id}👍", "é7f👍"),
    ])
    func placeholdersAreFilledOnceAndLiterally(template: String, result: String) throws {
        #expect(try CommandTemplate(template).rendered { Self.message[$0] } == result)
        #expect(try CommandTemplate(template).description == template)
    }

    @Test(arguments: [
        ("{", "'{' has no '}'; a literal brace is written '{{'"),
        ("a{{{id", "'{' has no '}'; a literal brace is written '{{'"),
        ("}", "'}' has no '{'; a literal brace is written '}}'"),
        ("{id}}", "'}' has no '{'; a literal brace is written '}}'"),
    ])
    func bracesMustBePaired(template: String, message: String) {
        #expect(throws: CommandTemplate.SyntaxError(message: message)) { try CommandTemplate(template) }
    }

    @Test(arguments: [
        "", " id", "ID", "arg[0]", "args[]", "args[-1]", "args[+1]", "args[x]", "args[0", "args[99999999999999999999]",
        "kwargs.", "kwargs.a.b", "kwargs.a b", "kwargs[0]", "args[0].x",
    ])
    func unknownPlaceholderIsRefused(text: String) {
        let message = "unknown placeholder '{\(text)}'; there are {args[0]}, {kwargs.name}, {args}, {kwargs} and {id}"
        #expect(throws: CommandTemplate.SyntaxError(message: message)) { try CommandTemplate("x{\(text)}") }
    }

    @Test func missingArgumentIsNamed() throws {
        let template = try CommandTemplate("{args[0]}{kwargs.size}{id}")
        let error = #expect(throws: CommandTemplate.MissingArgument.self) {
            try template.rendered { $0 == .argument(0) ? "x" : nil }
        }
        #expect(error?.placeholder == .keyword("size"))
        #expect(error?.description == "the command needs kwargs.size, which the message does not have")
    }
}
