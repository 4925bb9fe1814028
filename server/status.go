package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
)

// The pace of a stream of status.
const (
	streamLife  = 5 * time.Minute
	streamBeat  = 15 * time.Second // a comment, so that proxies keep the stream open
	streamLook  = 2 * time.Second  // for moves that another replica made
	streamWrite = 10 * time.Second // for one write
	watchedLook = 15 * time.Second // the latest next check of a session that somebody watches
)

// GetStatus implements api.StrictServerInterface.
func (s *Server) GetStatus(ctx context.Context, r api.GetStatusRequestObject) (api.GetStatusResponseObject, error) {
	id := kyc.ID(r.ID)
	poll := id.String() + visitOf(ctx).address
	if wait := s.polls.wait(poll, s.Now()); wait > 0 {
		return nil, limited{retryAfter(wait)}
	}
	s.polls.take(poll, s.Now())
	if visitOf(ctx).stream {
		return s.stream(ctx, id)
	}
	session, err := s.seen(ctx, id)
	if err != nil {
		return nil, err
	}
	return api.GetStatus200JSONResponse{
		Body: s.status(ctx, session), Headers: api.GetStatus200ResponseHeaders{CacheControl: noStore},
	}, nil
}

// stream begins to watch before it reads, so that no move is missed in between.
func (s *Server) stream(ctx context.Context, id kyc.ID) (api.GetStatusResponseObject, error) {
	moved, leave, ok := s.hub.watch(id)
	if !ok {
		return nil, limited{"5"}
	}
	reading, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	session, err := s.seen(reading, id)
	if err != nil {
		leave()
		return nil, err
	}
	return stream{ctx, s, session, moved, leave}, nil
}

// seen returns a session to the browser that it is bound to, and remembers that
// somebody looks.
func (s *Server) seen(ctx context.Context, id kyc.ID) (kyc.Session, error) {
	session, err := s.Store.Session(ctx, id)
	if err != nil || !session.OwnedBy(visitOf(ctx).browserHash()) {
		return session, s.unseen(err)
	}
	if session.Status == kyc.StatusAuthorized {
		s.watch(ctx, session)
	}
	return session, nil
}

// unseen is the answer for a session that does not exist for this browser.
func (s *Server) unseen(err error) error {
	if err != nil && !isNotFound(err) {
		return err
	}
	e := oauth.InvalidRequest("the session is unknown")
	e.Status = http.StatusNotFound
	return e
}

// status is what the page of a session is told. How far a message is, is left out
// where that cannot be read: the next look comes soon.
func (s *Server) status(ctx context.Context, session kyc.Session) api.SessionStatus {
	status := api.SessionStatus{Status: api.Status(session.Status), ExpiresIn: session.TimeLeft(s.Now())}
	if session.Status != kyc.StatusAuthorized || !session.Method.Addressed() {
		return status
	}
	challenge, err := s.Store.Challenge(ctx, session.ID)
	if err == nil && challenge.Of(session) {
		status.Delivery = pointer(string(challenge.Delivery.Shown()))
	}
	return status
}

// watch remembers that somebody looks, and brings the next check forward if the
// background had lost interest. Where there is nothing to look at, the next check is
// the session's end and stays where it is.
func (s *Server) watch(ctx context.Context, session kyc.Session) {
	if !session.Method.Visits() {
		return
	}
	s.hub.glance(session.ID)
	soon := s.Now().Add(watchedLook)
	if session.NextCheck != nil && session.NextCheck.After(soon) {
		if err := s.Store.HastenSession(ctx, session.ID, soon); err != nil {
			s.Log.Warn("next check could not be brought forward", "session_id", session.ID, "error", err)
		}
	}
}

// stream sends the state of a session as server-sent events (HTML standard,
// section 9.2) until it stays, the browser leaves or the server stops.
type stream struct {
	ctx     context.Context
	s       *Server
	session kyc.Session
	moved   <-chan kyc.Session
	leave   func()
}

// VisitGetStatusResponse implements api.GetStatusResponseObject.
func (t stream) VisitGetStatusResponse(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", noStore)
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)

	defer t.leave()
	ctx, cancel := context.WithTimeout(t.ctx, streamLife)
	defer cancel()
	look, beat := time.NewTicker(streamLook), time.NewTicker(streamBeat)
	defer look.Stop()
	defer beat.Stop()
	out := eventWriter{w, http.NewResponseController(w)}
	last := t.s.status(ctx, t.session)
	for err := out.status(last); ; {
		if err != nil || !streams(t.session.Status) {
			return nil // the browser is gone, or everything was said
		}
		select {
		case <-ctx.Done():
			return nil
		case session, open := <-t.moved:
			if !open {
				return nil
			}
			t.session = session
		case <-look.C:
			t.refresh(ctx)
			t.s.watch(ctx, t.session) // another process may have put the next check off
		case <-beat.C:
			err = out.comment()
			continue
		}
		if !t.session.OwnedBy(visitOf(t.ctx).browserHash()) {
			return nil // another browser has taken the session over
		}
		if now := t.s.status(ctx, t.session); told(now) != told(last) {
			last = now
			err = out.status(now)
		}
	}
}

// told is what of a state is worth telling when it changes.
func told(s api.SessionStatus) string {
	if s.Delivery == nil {
		return string(s.Status)
	}
	return string(s.Status) + " " + *s.Delivery
}

// streams says whether a state is worth waiting at.
func streams(status kyc.Status) bool {
	return status == kyc.StatusPending || status == kyc.StatusAuthorized
}

// refresh reads the session again. A fault of the store is passed over: the
// next look comes soon.
func (t *stream) refresh(ctx context.Context) {
	if session, err := t.s.Store.Session(ctx, t.session.ID); err == nil {
		t.session = session
	}
}

type eventWriter struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (e eventWriter) status(st api.SessionStatus) error {
	b, err := json.Marshal(st)
	if err != nil {
		return err
	}
	return e.write("event: status\ndata: %s\n\n", b)
}

func (e eventWriter) comment() error { return e.write(":%s\n\n", nil) }

func (e eventWriter) write(format string, data []byte) error {
	// Not every writer can set a deadline; those of tests cannot.
	_ = e.rc.SetWriteDeadline(time.Now().Add(streamWrite))
	if _, err := fmt.Fprintf(e.w, format, data); err != nil {
		return err
	}
	if err := e.rc.Flush(); err != nil {
		return err
	}
	// Between events there is no deadline: over HTTP/2 it would end the stream.
	_ = e.rc.SetWriteDeadline(time.Time{})
	return nil
}
