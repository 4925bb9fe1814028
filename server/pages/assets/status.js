// Follows the session that a page shows: listens for its status, asks for it
// where listening does not work, counts the time down, and moves on as soon as the
// status is another than the page was drawn for. Without this script a page that
// waits reloads itself, and one that is typed in stays as it is.
(function () {
  'use strict';

  const page = document.querySelector('main[data-status]');
  if (!page) return;

  const { status, statusUrl, finishUrl, selfUrl } = page.dataset;
  const line = page.querySelector('[data-line]');
  const reload = page.querySelector('[data-reload]');
  const timer = page.querySelector('[data-seconds]');
  const resend = page.querySelector('[data-resend]');

  const SHORTEST_WAIT = 2000; // ms between two questions, growing to
  const LONGEST_WAIT = 5000;
  const PATIENCE = 30; // questions in a row without an answer, then give up
  const SILENCE = 6000; // ms after which a silent stream is taken to be blocked
  const AWAY = 10000; // ms after which a form that led nowhere is forgotten

  let leaving = false; // the page is about to be replaced
  let source = null; // the stream of events
  let asking = 0; // the timeout until the next question, if we ask
  let wait = SHORTEST_WAIT;
  let failures = 0;
  let gaveUp = false;
  let deadline = 0; // ms, when the present state ends

  if (status === 'verified') {
    // Long enough to be read, short enough not to be in the way.
    setTimeout(function () { location.replace(finishUrl); }, 1200);
    return;
  }

  // say changes the status line only if it changes, so that screen readers do not
  // repeat it.
  function say(key) {
    const text = line && line.dataset[key];
    if (text && line.textContent !== text) line.textContent = text;
  }

  function stop() {
    if (source) source.close();
    source = null;
    clearTimeout(asking);
    asking = 0;
  }

  function giveUp() {
    stop();
    gaveUp = true;
    say('stale');
    if (reload) reload.hidden = false;
  }

  // moveOn leaves for the client, or draws the page anew. A page that comes back
  // unchanged is not drawn a third time.
  function moveOn(next) {
    if (leaving) return;
    stop();
    if (next === 'verified') say('received');
    if (next === 'verified' && finishUrl) {
      leaving = true;
      location.replace(finishUrl);
      return;
    }
    const step = statusUrl + ' ' + next;
    if (recall() === step) return giveUp();
    remember(step);
    leaving = true;
    // Where the page may be the answer to a form, drawing it anew would send that
    // form again.
    if (selfUrl) location.replace(selfUrl);
    else location.reload();
  }

  // The last redraw is kept in the tab. Storage can be switched off; then there is
  // no guard, and nothing worse.
  function recall() {
    try { return sessionStorage.getItem('vouchgate-redrawn'); } catch { return null; }
  }
  function remember(step) {
    try { sessionStorage.setItem('vouchgate-redrawn', step); } catch { /* see above */ }
  }

  function heard(news) {
    if (leaving || !news || typeof news.status !== 'string') return;
    failures = 0;
    if (news.status !== status) return moveOn(news.status);
    remember('');
    say(news.delivery || 'waiting');
    if (reload) reload.hidden = true;
    if (typeof news.expires_in === 'number') deadline = Date.now() + news.expires_in * 1000;
  }

  function listen() {
    if (!window.EventSource) return ask();
    let answered = false;
    const distrust = function () { setTimeout(function () { if (!answered && source) ask(); }, SILENCE); };
    source = new EventSource(statusUrl);
    source.addEventListener('status', function (event) {
      answered = true;
      let news = null;
      try { news = JSON.parse(event.data); } catch { return; }
      heard(news);
    });
    source.onerror = function () {
      // A stream that has worked may end; the browser opens the next one itself.
      if (!answered || source.readyState === EventSource.CLOSED) return ask();
      answered = false;
      distrust();
    };
    distrust();
  }

  // ask takes the place of listening.
  function ask() {
    if (leaving) return;
    stop();
    const request = { headers: { Accept: 'application/json' }, cache: 'no-store', credentials: 'same-origin' };
    fetch(statusUrl, request).then(function (answer) {
      if (answer.ok) return answer.json().then(heard);
      // The session is gone or not ours any more: the page says so best itself.
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return moveOn('gone');
      throw new Error('status ' + answer.status);
    }).catch(function () {
      failures++;
      say('reconnecting');
    }).then(askLater);
  }

  function askLater() {
    if (leaving || gaveUp) return;
    if (failures >= PATIENCE) return giveUp();
    clearTimeout(asking);
    asking = setTimeout(ask, wait);
    wait = Math.min(wait * 1.2, LONGEST_WAIT);
  }

  // A phone that comes back from the wallet has usually lost the stream.
  function wake() {
    if (document.hidden || leaving) return;
    gaveUp = false;
    failures = 0;
    wait = SHORTEST_WAIT;
    ask();
  }

  // What a form does comes back by the stream as well. The browser must follow the
  // form then, and not draw the page anew.
  function submitted() {
    leaving = true;
    stop();
    setTimeout(function () { leaving = false; wake(); }, AWAY);
  }

  // countDown shows how long it is until a moment, and returns the seconds. The
  // element is a timer, which screen readers do not read out by themselves.
  function countDown(element, until) {
    const left = Math.max(0, Math.round((until - Date.now()) / 1000));
    const two = function (n) { return String(n).padStart(2, '0'); };
    const hours = Math.floor(left / 3600);
    const minutes = Math.floor(left / 60) % 60;
    element.textContent = (hours ? hours + ':' + two(minutes) : minutes) + ':' + two(left % 60);
    return left;
  }

  // holdBack keeps the button for another message back until it may be pressed, and
  // says so once.
  function holdBack(clock) {
    const button = page.querySelector('form[data-again] button');
    const ready = page.querySelector('[data-ready]');
    const until = Date.now() + Number(clock.dataset.resend) * 1000;
    const tick = function () {
      if (countDown(clock, until) > 0) return;
      clearInterval(ticking);
      clock.parentNode.hidden = true;
      ready.textContent = ready.dataset.ready;
      button.disabled = false;
    };
    const ticking = setInterval(tick, 1000);
    button.disabled = true;
    tick();
  }

  if (timer) {
    deadline = Date.now() + Number(timer.dataset.seconds) * 1000;
    const tick = function () { countDown(timer, deadline); };
    tick();
    setInterval(tick, 1000);
  }
  if (resend) holdBack(resend);
  page.addEventListener('submit', submitted);
  document.addEventListener('visibilitychange', wake);
  window.addEventListener('pageshow', function (event) { if (event.persisted) { leaving = false; wake(); } });
  if (statusUrl) listen();
})();
