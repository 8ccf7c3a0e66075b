import Syscalls
import Wire

/// Runs this process as a template, on its inherited control socket, until its master is gone.
///
/// - Parameter breadcrumbs: where its children leave their notes.
public func runTemplate(
    _ program: WorkerProgram, control: CInt, breadcrumbs: CInt, master: ProcessID
) -> Never {
    TemplateProcess.run(program, control: control, breadcrumbs: breadcrumbs, master: master)
}

/// Tells the master why this process cannot be a template, and ends it.
public func failTemplate(reason: String, control: CInt) -> Never {
    _ = try? MessageSocket(owning: control).send(TemplateReport.failed(reason: reason).encoded)
    exitNow(1)
}
