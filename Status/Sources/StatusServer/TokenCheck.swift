import HTTPTypes
import Hummingbird

/// Lets only those through who have the token. Probes have none, and need none.
struct TokenCheck<Context: RequestContext>: RouterMiddleware {
    /// `nil` lets everybody through.
    let token: Token?

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let token, !token.isIn(request.headers[.authorization]) else { return try await next(request, context) }
        return Response(
            status: .unauthorized, headers: [.wwwAuthenticate: #"Basic realm="celeriac", charset="UTF-8""#],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "a token is needed\n")))
    }
}
