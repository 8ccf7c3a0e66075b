import EngineSupport
import JSON
import Testing

extension EngineTests {
    /// Arguments reach a task as Python would pass them.
    @Suite struct ArgumentTests {
        @Test func argumentsArriveByPlaceAndByName() throws {
            let run = try Run(
                .fixture, [],
                [
                    call("args.named", "Ada", "Hi", 2, id: "by place"),
                    call("args.named", id: "by name", named: ["times": 3, "name": "Ada", "greeting": "Hey"]),
                    call("args.named", "Ada", id: "mixed", named: ["times": 4]),
                    call("args.named", "Ada", id: "default"),
                    call("args.named", id: "null", named: ["name": "Ada", "times": nil]),
                    call("args.unnamed", 7, 5, id: "unnamed"),
                    call("args.async", 7, id: "async", named: ["y": 5]),
                    call("args.none", id: "none"),
                ])
            #expect(run.status == 0)
            #expect(run["by place"].result == "Hi, Ada! (2)")
            #expect(run["by name"].result == "Hey, Ada! (3)")
            #expect(run["mixed"].result == "Hello, Ada! (4)")
            #expect(run["default"].result == "Hello, Ada! (nil)")
            #expect(run["null"].result == "Hello, Ada! (nil)")
            #expect(run["unnamed"].result == 2)
            #expect(run["async"].result == 2)
            #expect(run["none"].result == "nothing")
        }

        @Test func structTakesAllKeywords() throws {
            let run = try Run(
                .fixture, [],
                [
                    call("args.struct", id: "keywords", named: ["url": "a.png", "width": 640]),
                    call("args.struct", id: "optional", named: ["url": "b.png"]),
                    call("args.struct", ["url": "c.png"], id: "place"),
                ])
            #expect(run["keywords"].result == "a.png at 640")
            #expect(run["optional"].result == "b.png at 320")
            #expect(run["place"].result == "c.png at 320")
        }

        @Test func contextTellsOfTheCall() throws {
            let limits: JSONObject = ["limits": ["soft_time": "9s"]]
            let run = try Run(
                .fixture, [], [call("args.context", "x", id: "a"), call("args.context", "y", id: "b", with: limits)])
            #expect(run["a"].result == ["x", "a", "args.context", "1", "false"])
            #expect(run["b"].result == ["y", "b", "args.context", "1", "true"])
        }

        @Test(arguments: [
            (call("args.named", 1, id: "a"), "argument 'name'"),
            (call("args.named", "Ada", id: "a", named: ["times": "often"]), "argument 'times'"),
            (call("args.named", id: "a"), "argument 'name' is missing"),
            (call("args.unnamed", 1, "two", id: "a"), "argument 2"),
            (call("args.unnamed", 1, id: "a"), "argument 2 is missing"),
            (call("args.struct", id: "a", named: ["width": 1]), "argument 1: 'url' is missing"),
            (call("args.struct", id: "a", named: ["url": "x", "width": "wide"]), "argument 1: .width"),
            (call("args.named", "Ada", id: "a", named: ["tims": 3]), "unexpected keyword argument 'tims'"),
            (call("args.named", "Ada", id: "a", named: ["name": "Bob"]), "argument 'name' is given twice"),
            (call("args.named", "Ada", "Hi", 1, 2, id: "a"), "the task takes 3 arguments, 4 were given"),
            (call("args.async", "x", 1, id: "a"), "argument 'x'"),
        ])
        func mismatchNamesTheArgument(line: String, message: String) throws {
            let run = try Run(.fixture, ["-c", "1"], [line])
            #expect(run.status == 1)
            #expect(run["a"].errorType == "ArgumentError")
            #expect(run["a"].message.contains(message), "\(run["a"].message)")
        }
    }
}
