// Package pgproxy stands between PostgreSQL clients and their server, and does
// to their connections what networks, poolers and crashes do: it loses
// notifications, stalls, refuses, cuts, and cuts just where a client cannot know
// whether its COMMIT was carried out. It also counts what clients send.
//
//	proxy, err := pgproxy.Start(pg.Addr())
//	if err != nil { … }
//	defer proxy.Close()
//	conn, err := pgx.Connect(ctx, proxy.DSN(pg.DSN()))
//	proxy.DropNotifications(true)
//
// It reads the frontend/backend protocol, version 3, message by message, and
// offers no TLS.
package pgproxy
