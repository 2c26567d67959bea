// Package query is what may be asked of a collection: a condition, an order
// and a window. One evaluator serves snapshots, deltas, catch-up and the
// clients, so they cannot disagree (R9.1).
//
//	q := query.Where(query.Eq("List", "inbox"), query.Gt("Votes", 3)).By("Votes", query.Desc).Take(50)
package query
