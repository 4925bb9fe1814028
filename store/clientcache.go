package store

import (
	"sync"
	"time"

	"vouchgate/kyc"
)

// clientLife bounds how long a client is remembered, in case the connection on
// which changes are told is dead without knowing.
const clientLife = 2 * time.Second

// RememberClients makes the store remember clients and their secrets while it
// listens to the other processes (see Listen): each walk needs them several times,
// and they hardly ever change. A change is told when it is committed, so that a
// client that is disabled stays out as soon as the message arrives. now is a clock. It has to be called
// before anything else. Databases that cannot be listened to are asked each time.
func (s *Store) RememberClients(now func() time.Time) {
	s.clients = &clientCache{now: now, byID: map[string]cachedClient{}}
}

// clientCache remembers clients. A nil one remembers nothing.
type clientCache struct {
	now func() time.Time

	mu        sync.Mutex
	listening bool
	epoch     int64 // counts what made it forget
	byID      map[string]cachedClient
}

type cachedClient struct {
	client  kyc.Client
	secrets []kyc.ClientSecret
	readAt  time.Time
}

// get returns what is remembered of a client. Without that, epoch belongs into
// put.
func (c *clientCache) get(id string) (kept cachedClient, ok bool, epoch int64) {
	if c == nil {
		return cachedClient{}, false, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, ok = c.byID[id]
	age := c.now().Sub(kept.readAt)
	return kept, ok && age >= 0 && age < clientLife, c.epoch
}

// put remembers what was read after get returned epoch, unless a change was told
// since.
func (c *clientCache) put(epoch int64, id string, read cachedClient) {
	if c == nil {
		return
	}
	read.readAt = c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listening && c.epoch == epoch {
		c.byID[id] = read
	}
}

// forget makes the next get of every client fail.
func (c *clientCache) forget() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	clear(c.byID)
}

// listen says whether changes by others are told from now on.
func (c *clientCache) listen(on bool) {
	if c == nil {
		return
	}
	c.forget()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listening = on
}
