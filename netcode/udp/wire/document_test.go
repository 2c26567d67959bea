package wire

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"
)

// The tests of this file hold docs/udp.md to the code and the vectors.

const documentFile = "../../../docs/udp.md"

func readDocument(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// builtExamples are the fenced blocks that the document must have, by their
// first line: "part FILE PATH [FROM:TO]" shows bytes of a vector.
func builtExamples(t *testing.T) map[string][]byte {
	want := map[string][]byte{}
	for _, part := range []string{
		"tokens.json good[0].token 0:60", "handshake.json challenge", "handshake.json response 848:892", "handshake.json accept",
		"handshake.json clientToServer", "handshake.json serverToClient", "packets.json sealed[0].plain", "packets.json sealed[0].packet",
		"packets.json sealed[1].plain", "handshake.json rejects[1].packet",
	} {
		want["part "+part] = partOf(t, part)
	}
	command := schema.TickCommand{Tick: 44, Payload: []byte{0x00, 0x01, 0xcc, 0x2b, 0x26}}
	before := schema.TickCommand{Tick: 43, Payload: command.Payload}
	early := schema.TickCommand{Tick: 41}
	var w bits.Writer
	want["commands two"] = schema.AppendCommands(nil, &w, []schema.TickCommand{command, before})
	want["commands three"] = schema.AppendCommands(nil, &w, []schema.TickCommand{command, before, early})
	want["segment hello"] = helloSegment()
	return want
}

// helloSegment is written out, for this package does not know KCP.
func helloSegment() []byte {
	h := schema.Header{Kind: schema.KindHello}
	hello := append(h.Append(nil), schema.NewBuilder().Hello(schema.HelloInfo{Client: "me/1"})...)
	b := binary.LittleEndian.AppendUint32(nil, 0x01020304)
	b = append(b, 81, 0)
	b = binary.LittleEndian.AppendUint16(b, 128)
	for _, n := range []int{5, 0, 0, 1 + len(hello)} { // ts, sn, una, len
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return append(append(b, byte(len(hello))), hello...)
}

// partOf follows a path such as "good[0].token" in a file of vectors.
func partOf(t *testing.T, part string) []byte {
	t.Helper()
	words := strings.Fields(part)
	b, err := os.ReadFile(vectorsFolder + words[0])
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(b, &value); err != nil {
		t.Fatal(err)
	}
	for _, step := range regexp.MustCompile(`\w+`).FindAllString(words[1], -1) {
		if i, err := strconv.Atoi(step); err == nil {
			value = value.([]any)[i]
		} else {
			value = value.(map[string]any)[step]
		}
	}
	bytes, err := hex.DecodeString(value.(string))
	if err != nil {
		t.Fatal(err)
	}
	if len(words) == 3 {
		var from, to int
		if _, err := fmt.Sscanf(words[2], "%d:%d", &from, &to); err != nil {
			t.Fatal(err)
		}
		bytes = bytes[from:to]
	}
	return bytes
}

func TestDocumentExamples(t *testing.T) {
	want := builtExamples(t)
	for _, m := range regexp.MustCompile("(?s)```(part|commands|segment) ([^\n]+)\n(.*?)```").FindAllStringSubmatch(readDocument(t), -1) {
		name := m[1] + " " + m[2]
		got, err := hex.DecodeString(strings.Join(strings.Fields(m[3]), ""))
		if err != nil || string(got) != string(want[name]) || want[name] == nil {
			t.Errorf("example %q is\n% x, the code makes\n% x (%v)", name, got, want[name], err)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("the document lacks the example %q", name)
	}
}

func TestDocumentRulesAreNumberedOnce(t *testing.T) {
	document := readDocument(t)
	seen := map[string]bool{}
	last := [2]int{}
	for _, m := range regexp.MustCompile(`\*\*U(\d+)\.(\d+)\*\*`).FindAllStringSubmatch(document, -1) {
		part, _ := strconv.Atoi(m[1])
		number, _ := strconv.Atoi(m[2])
		if part == last[0] && number != last[1]+1 || part != last[0] && number != 1 {
			t.Errorf("rule U%d.%d follows U%d.%d", part, number, last[0], last[1])
		}
		last = [2]int{part, number}
		seen[fmt.Sprintf("U%d.%d", part, number)] = true
	}
	for _, m := range regexp.MustCompile(`U\d+\.\d+`).FindAllString(document, -1) {
		if !seen[m] {
			t.Errorf("there is no rule %s", m)
		}
	}
	protocol, err := os.ReadFile("../../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`P\d+\.\d+`).FindAllString(document, -1) {
		if !strings.Contains(string(protocol), "**"+m+"**") {
			t.Errorf("protocol.md has no rule %s", m)
		}
	}
}

// Kinds, control types and reject codes are rows "| number | `name` |".
func TestDocumentTables(t *testing.T) {
	rows := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| (\\d+) \\| `(\\w+)` \\|").FindAllStringSubmatch(readDocument(t), -1) {
		rows[m[1]+" "+m[2]] = true
	}
	want := []string{
		"1 Ping", "2 Pong", "3 PathChallenge", "4 PathResponse", "5 Close",
		"1 EXPIRED", "2 FULL", "3 GOING_AWAY", "4 VERSION", "5 USED", "6 UNKNOWN_SESSION",
	}
	for k := range Kind(255) {
		if name := k.String(); !strings.HasPrefix(name, "Kind(") {
			want = append(want, fmt.Sprintf("%d %s", k, name))
		}
	}
	for _, row := range want {
		if !rows[row] {
			t.Errorf("the document lacks %s", row)
		}
		delete(rows, row)
	}
	for row := range rows {
		t.Errorf("the document lists %s, the code does not", row)
	}
}

// Offsets and sizes that the text says stand in the code.
func TestDocumentNumbers(t *testing.T) {
	document := readDocument(t)
	for text, holds := range map[string]bool{
		"A token has 812 bytes":                           TokenSize == 812,
		"| 20 | 24 | nonce |":                             tokenNonceAt == 20,
		"| 44 | 768 | sealed |":                           tokenPublic == 44 && tokenSealed == 768,
		"The 752 bytes":                                   tokenPlain == 752,
		"how many follow, at most 16":                     maxAddresses == 16,
		"| 36 | 812 | token |":                            tokenAt == 36,
		"| 848 | 24 | cookie |":                           cookieAt == 848,
		"| 872 | 16 | proof |":                            proofAt == 872 && proofSize == 16,
		"| 888 | 312 | zeros |":                           proofAt+proofSize+312 == MaxPacket,
		"Challenge, 34 bytes":                             challengeSize == 34,
		"Accept, 63 bytes":                                acceptSize == 63,
		"| 45 | 18 | sealed":                              acceptSealedAt == 45,
		"A Reject has 11 bytes":                           rejectSize == 11,
		"at most 1,171 bytes":                             MaxPlain == 1171,
		"a body of at most 1,161 bytes":                   MaxBody == 1161,
		"the length (29 to 1,200)":                        HeaderSize+TagSize == 29 && MaxPacket == 1200,
		"which of the 256 counters":                       WindowSize == 256,
		"the text is UTF-8, at most 256 bytes":            MaxCloseText == 256,
		"again every 250 ms until a Challenge":            ResendInterval.Milliseconds() == 250,
		"After 4 Responses without an Accept":             responseSends == 4,
		"has come within 500 ms after it":                 RejectPatience.Milliseconds() == 500,
		"after two more packets without an Accept":        patientSends == 2,
		"at most 30 s ahead":                              MaxTokenLife.Seconds() == 30,
		"good for at least 10 s":                          CookiePeriod.Seconds() == 10,
		"the text \"" + keyIDLabel + "\"":                 true,
		"the text \"" + proofLabel + "\"":                 true,
		"the info \"" + clientKeyLabel + "\"":             true,
		"and \"" + serverKeyLabel + "\" for what":         true,
		"the text \"" + tokenVersion + "\"":               true,
		"at most 8, that the server has not acknowledged": schema.MaxCommands == 8,
	} {
		if !strings.Contains(document, text) {
			t.Errorf("the document lacks %q", text)
		}
		if !holds {
			t.Errorf("%q is not so in the code", text)
		}
	}
}
