// Asks a model for a stream with fetch, which bounds the head and each gap of the body by 300 s.
const [url] = process.argv.slice(2);
const body = JSON.stringify({
  model: 'm', stream: true, max_tokens: 1000, messages: [{ role: 'user', content: 'count' }],
});
let text = '';
try {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body });
  const decoder = new TextDecoder();
  for await (const part of answer.body) text += decoder.decode(part, { stream: true });
  console.log(`${answer.status}: ${/\[DONE\]|message_stop/.test(text) ? 'whole' : 'no end marker'}`);
} catch (error) {
  const tokens = text.match(/"content":" \d+"/g)?.length ?? 0;
  console.log(`${tokens} tokens, then ${error.name}: ${error.message}, ${error.cause?.code}`);
  process.exitCode = 1;
}
