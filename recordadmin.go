package parlor

import (
	"net/http"

	"github.com/parlor-server/parlor/persistence/host"
	"github.com/parlor-server/parlor/schema"
)

// registerRecords adds what operators can do with record rooms.
func (s *Server) registerRecords(mux *http.ServeMux) {
	recordAPI{s, operatorCaller}.register(mux, func(h http.Handler) http.Handler { return h })
	mux.HandleFunc("GET /records", s.adminRecords)
	mux.HandleFunc("GET /records/{kind}/{name}", s.adminRecordRoom)
	mux.HandleFunc("GET /backup", s.adminBackup)
}

type recordRoomList struct {
	Rooms []host.RoomInfo `json:"rooms"`
}

// adminRecords answers GET /records: all record rooms, those in quarantine
// with the reason.
func (s *Server) adminRecords(w http.ResponseWriter, _ *http.Request) {
	list := recordRoomList{Rooms: []host.RoomInfo{}}
	if s.records != nil {
		list.Rooms = append(list.Rooms, s.records.Rooms()...)
	}
	writeJSON(w, http.StatusOK, list)
}

func (s *Server) adminRecordRoom(w http.ResponseWriter, r *http.Request) {
	if s.records != nil {
		if info, ok := s.records.RoomInfo(roomOf(r)); ok {
			writeJSON(w, http.StatusOK, info)
			return
		}
	}
	writeError(w, schema.Errorf(schema.CodeNoSuchRoom, "there is no record room %q", roomOf(r)))
}

// adminBackup answers GET /backup with a file for "parlor restore". Only the
// trailer says that it is whole.
func (s *Server) adminBackup(w http.ResponseWriter, r *http.Request) {
	if s.store == nil {
		writeError(w, schema.Errorf(schema.CodeNoSuchKind, "this server has no record and canvas rooms: there is nothing to back up"))
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="parlor.backup"`)
	w.Header().Set("Trailer", BackupTrailer)
	if err := s.store.Backup(w); err != nil {
		s.logFailure(r, err)
		w.Header().Set(BackupTrailer, "failed")
		return
	}
	w.Header().Set(BackupTrailer, "whole")
}

// BackupTrailer is the HTTP trailer that says "whole" behind a backup.
const BackupTrailer = "Parlor-Backup"
