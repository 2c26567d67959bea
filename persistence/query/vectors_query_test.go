package query

import (
	"slices"
	"testing"

	"github.com/parlor-server/parlor/persistence/value"
)

func queryVectors(t *testing.T, s *value.Schema) (data []dataVector, out []queryVector) {
	tasks := s.Collection("Tasks")
	rows := []value.Row{}
	for _, text := range []string{
		`{"ID":"a","Title":"Milk","Votes":3,"Done":false,"Due":null,"Level":1}`,
		`{"ID":"b","Title":"milk 100%","Votes":3,"Done":true,"Due":"2026-02-01T00:00:00Z","Level":2}`,
		`{"ID":"c","Title":"bread","Votes":-1,"Done":false,"Due":"2026-01-01T00:00:00Z","Level":3}`,
		`{"ID":"d","Title":"😀 party","Votes":10,"Done":false,"Due":null,"Level":1}`,
		`{"ID":"e","Title":"\uffee wide","Votes":10,"Done":true,"Due":"2026-02-01T00:00:00.000001Z","Level":2}`,
		`{"ID":"f","Title":"","Votes":0,"Done":false,"Due":null,"Level":7}`,
	} {
		row, err := tasks.RowFromJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
		data = append(data, dataVector{hexOf(row), string(tasks.AppendJSON(nil, row))})
	}
	for _, text := range []string{
		`{}`, `{"limit":2,"offset":1}`, `{"limit":0}`, `{"offset":9}`,
		`{"where":{"eq":["Done",true]}}`, `{"where":{"ne":["Due","2026-02-01T00:00:00Z"]}}`, `{"where":{"not":{"eq":["Due","2026-02-01T00:00:00Z"]}}}`,
		`{"where":{"gt":["Votes",2.5]},"orderBy":[["Votes","desc"]]}`, `{"where":{"lte":["Votes",1e300]},"orderBy":[["Votes"]]}`, `{"where":{"gt":["Votes",18446744073709551615]}}`,
		`{"where":{"eq":["Votes",3.0]}}`, `{"where":{"gte":["Votes",3.5]}}`, `{"where":{"lt":["Votes",3.5]}}`, `{"where":{"lte":["Votes",-0.5]}}`, `{"where":{"eq":["Votes",3.5]}}`, `{"where":{"ne":["Votes",3.5]}}`, `{"where":{"in":["Votes",[3.5,10,1e30]]}}`, `{"where":{"eq":["Due",null]}}`, `{"where":{"not":{"eq":["Due",null]}}}`, `{"where":{"isNull":["Due"]}}`, `{"where":{"not":{"isNull":["Due"]}}}`,
		`{"where":{"in":["ID",["a","c","zz"]]}}`, `{"where":{"in":["Votes",[3,null]]}}`, `{"where":{"not":{"in":["Votes",[3,null]]}}}`, `{"where":{"in":["ID",[]]}}`, `{"where":{"not":{"in":["Due",[]]}}}`,
		`{"where":{"like":["Title","%100\\%"]}}`, `{"where":{"like":["Title","_ %"]}}`, `{"where":{"ilike":["Title","MILK%"]}}`, `{"where":{"like":["Title","m_l%k%"]}}`, `{"where":{"not":{"like":["Title","%"]}}}`, `{"where":{"like":["Title",""]}}`,
		`{"where":{"or":[{"eq":["ID","a"]},{"gt":["Due","2026-01-15T00:00:00Z"]}]}}`, `{"where":{"not":{"or":[{"eq":["ID","a"]},{"gt":["Due","2026-01-15T00:00:00Z"]}]}}}`,
		`{"where":{"and":[]}}`, `{"where":{"or":[]}}`, `{"where":{"and":[{"gte":["Votes",0]},{"lt":["Votes",10]}]},"orderBy":[["Title"]]}`,
		`{"orderBy":[["Title"]]}`, `{"orderBy":[["Title","desc"]]}`, `{"orderBy":[["Due"]]}`, `{"orderBy":[["Due","first"]]}`, `{"orderBy":[["Due","desc"]]}`, `{"orderBy":[["Due","desc","first"]]}`,
		`{"orderBy":[["Votes","desc","last"],["Level","asc"]],"limit":3}`, `{"orderBy":[["Level"],["ID","desc"]]}`, `{"orderBy":[["Done","desc"]],"limit":2,"offset":1}`,
	} {
		out = append(out, queryVectorOf(t, tasks, rows, text))
	}
	return data, out
}

func queryVectorOf(t *testing.T, c *value.Collection, rows []value.Row, text string) queryVector {
	q, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(text, err)
	}
	b, err := q.Bind(c)
	if err != nil {
		t.Fatal(text, err)
	}
	v := queryVector{Query: text, Matches: []int{}, Window: []int{}, Keys: []string{}}
	for i, row := range rows {
		if b.Match(row) {
			v.Matches = append(v.Matches, i)
		}
	}
	slices.SortFunc(v.Matches, func(x, y int) int { return b.Compare(rows[x], rows[y]) })
	for i, m := range v.Matches {
		v.Keys = append(v.Keys, hexOf(b.AppendSortKey(nil, rows[m])))
		if i >= q.Offset && (q.Limit < 0 || i < q.Offset+q.Limit) {
			v.Window = append(v.Window, m)
		}
	}
	return v
}

func badVectors(t *testing.T, s *value.Schema) (out []badVector) {
	for _, text := range []string{
		`{"where":{"near":["Votes",3]}}`, `{"where":{"eq":["Nope",3]}}`, `{"where":{"eq":["Votes","3"]}}`, `{"where":{"gt":["Title",3]}}`, `{"where":{"like":["Votes","3%"]}}`,
		`{"where":{"like":["Title","a\\"]}}`, `{"where":{"eq":["Due","soon"]}}`, `{"where":{"eq":["Votes"]}}`, `{"where":{"eq":["Votes",1,2]}}`, `{"where":{}}`, `{"where":{"eq":["Votes",1],"ne":["Votes",2]}}`,
		`{"where":{"eq":["Votes",[1]]}}`, `{"where":{"in":["Votes",1]}}`, `{"orderBy":[["Votes","up"]]}`, `{"orderBy":[["Nope"]]}`, `{"orderBy":["Votes"]}`, `{"limit":-1}`, `{"limit":1.5}`, `{"groupBy":[]}`, `[]`, `{`,
	} {
		q, err := Parse([]byte(text))
		if err == nil {
			_, err = q.Bind(s.Collection("Tasks"))
		}
		if err == nil {
			t.Fatalf("%s is taken", text)
		}
		out = append(out, badVector{text, err.Error()})
	}
	return out
}
