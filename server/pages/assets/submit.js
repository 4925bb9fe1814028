// Sends the form of the page, which carries the answer to the client. Without this
// script the person presses the button.
(function () {
  'use strict';

  const form = document.querySelector('form[data-submit]');
  if (!form) return;

  // Who comes back to this page wants to go further back, not to the client again.
  const [visit] = performance.getEntriesByType('navigation');
  if (visit && visit.type === 'back_forward') return;

  // A field named submit would hide the form's own method.
  HTMLFormElement.prototype.submit.call(form);
})();
