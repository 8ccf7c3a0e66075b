import Testing

@testable import Schedules

struct CrontabFieldTests {
    @Test(arguments: [
        ("minute", "*", Array(0...59)), ("minute", "*/15", [0, 15, 30, 45]), ("minute", "7", [7]),
        ("minute", "1,13,30-33,50-59/2", [1, 13, 30, 31, 32, 33, 50, 52, 54, 56, 58]),
        ("minute", "58-2", [0, 1, 2, 58, 59]), ("minute", "*/59", [0, 59]), ("minute", "*/99", [0]),
        ("hour", "0,8-17/2", [0, 8, 10, 12, 14, 16]), ("hour", "22-3", [0, 1, 2, 3, 22, 23]),
        ("hour", "22-3/2", [0, 2, 22]), ("day_of_month", "*/3", [1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31]),
        ("day_of_month", "2-30/14", [2, 16, 30]), ("month_of_year", "*/2", [1, 3, 5, 7, 9, 11]),
        ("month_of_year", "2-12/2", [2, 4, 6, 8, 10, 12]), ("month_of_year", "jan,Jul,december", [1, 7, 12]),
        ("month_of_year", "nov-feb", [1, 2, 11, 12]), ("day_of_week", "mon-fri", [1, 2, 3, 4, 5]),
        ("day_of_week", "fri-mon", [0, 1, 5, 6]), ("day_of_week", "SUNDAY", [0]), ("day_of_week", "*/2", [0, 2, 4, 6]),
        ("day_of_week", "7", [0]), ("day_of_week", "5-7", [0, 5, 6]), ("day_of_week", "0-7", Array(0...6)),
        ("day_of_week", "tues,thur", [2, 4]),
    ])
    func textsNameValues(field: String, text: String, values: [Int]) throws {
        #expect(try Self.field(field).parse(text).sorted() == values)
    }

    @Test(arguments: [
        ("minute", "60", "minute: 60 is not from 0 to 59"), ("hour", "24", "hour: 24 is not from 0 to 23"),
        ("day_of_month", "0", "day_of_month: 0 is not from 1 to 31"), ("minute", "", "minute: an empty part"),
        ("minute", "1,,2", "minute: an empty part"), ("minute", "*/0", "minute: '*/0': '0' is no step"),
        ("minute", "*/", "minute: '*/': '' is no step"),
        ("minute", "5/10", "minute: '5/10': a step needs a range or '*' before it"),
        ("minute", "1-2-3", "minute: '1-2-3' is no range"), ("minute", "-5", "minute: a value is missing"),
        ("minute", "5-", "minute: a value is missing"), ("minute", "+5", "minute: '+5' is no value"),
        ("minute", "**", "minute: '**' is no value"), ("hour", "mon", "hour: 'mon' is no value"),
        ("day_of_week", "mo", "day_of_week: 'mo' is no value"),
        ("day_of_week", "jan", "day_of_week: 'jan' is no value"),
        ("day_of_week", "8", "day_of_week: 8 is not from 0 to 6"), ("minute", "٣", "minute: '٣' is no value"),
        ("minute", "99999999999999999999", "minute: '99999999999999999999' is no value"),
    ])
    func otherTextsAreRefusedByName(field: String, text: String, message: String) throws {
        let error = #expect(throws: CrontabError.self) { try Self.field(field).parse(text) }
        #expect(error?.description == message)
    }

    @Test func daysThatNoMonthHasAreRefused() throws {
        let error = #expect(throws: CrontabError.self) { try Crontab(line: "0 0 31 2,4,jun *") }
        #expect(error?.description == "it never fires: no month 2,4,jun has a day 31")
        #expect(throws: CrontabError.self) { try Crontab(line: "0 0 30 2 *") }
        _ = try Crontab(line: "0 0 29 2 *")
        _ = try Crontab(line: "0 0 31 2,3 *")
    }

    @Test func aLineHasFiveFieldsInTheOrderOfCron() throws {
        let crontab = try Crontab(line: "  5 4\t3 2  1 ")
        #expect(
            crontab
                == (try Crontab(minute: "5", hour: "4", dayOfWeek: "1", dayOfMonth: "3", monthOfYear: "2")))
        #expect(crontab.description == "5 4 3 2 1")
        #expect(throws: CrontabError.self) { try Crontab(line: "* * * *") }
        #expect(throws: CrontabError.self) { try Crontab(line: "@daily") }
    }

    private static func field(_ name: String) throws -> CrontabField {
        try #require(CrontabField.all.first { $0.name == name })
    }
}
