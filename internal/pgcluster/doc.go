// Package pgcluster starts private PostgreSQL servers for tests, examples and
// benchmarks, out of the programs that are installed on the machine.
//
//	pg, err := pgcluster.Start(ctx, pgcluster.Config{})
//	if err != nil { … }
//	defer pg.Close()
//	conn, err := pgx.Connect(ctx, pg.DSN())
//
// A cluster has a directory, a port of the loopback interface and a Unix socket
// of its own, and lets in whoever can reach them: it is for data that is worth
// nothing. It can be stopped, killed and started again, and be given a
// synchronous standby that is promoted when it is gone.
//
// A server does not outlive the process that started it, however that ends: a
// watchdog stops it and removes its directory. A ^C in the terminal does not
// reach the server, so that a program can still use it while it shuts down.
//
// As root, which PostgreSQL refuses to run as, the server runs as the user
// postgres, or nobody.
package pgcluster
