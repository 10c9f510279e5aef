// Exchanges the one-time code behind the # for a cookie, and goes to the console.
const said = document.getElementById('said');
const code = new URLSearchParams(location.hash.slice(1)).get('code');
history.replaceState(null, '', location.pathname);
if (code) {
  const resp = await fetch('enter', { method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ code }) });
  if (resp.ok) location.replace('console/');
  else if (said) said.textContent = (await resp.json()).error;
} else if (said) {
  const seen = await fetch('console/api/session', { credentials: 'same-origin' });
  if (seen.ok) location.replace('console/');
  else said.textContent = 'Open the address that erpcall console printed: it holds the code. A code works once; start erpcall console again for another one.';
}
