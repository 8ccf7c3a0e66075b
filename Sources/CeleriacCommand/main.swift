import Celeriac

// The plain worker has no tasks of its own: the configuration makes programs into tasks.
Worker().main()
