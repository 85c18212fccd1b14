// Writes, reads, makes a conflict and resolves it, and asks why a request was refused. ./run.sh HOST:PORT runs it.
'use strict';
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const protos = [path.join(__dirname, '../../proto/src/main/proto'), path.join(__dirname, '../googleapis')];
const types = loader.loadSync(['quorate/kv/v1/kv_service.proto', 'google/rpc/error_details.proto'],
    { includeDirs: protos, longs: String, enums: String, defaults: true });
const api = grpc.loadPackageDefinition(types).quorate.kv.v1;

const store = new api.KvService(process.argv[2], grpc.credentials.createInsecure());
const deadline = () => ({ deadline: Date.now() + 5000 }); // without one, the node would apply its own
const call = (method, request) => new Promise((resolve, reject) =>
    store[method](request, deadline(), (error, answer) => (error ? reject(error) : resolve(answer))));
const values = (answer) => answer.siblings.map((sibling) => sibling.value.toString()).sort();

// Programs read the reason and its details; the status code alone is too coarse, and the message is for people.
function reason(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const status = bytes && types['google.rpc.Status'].deserialize(bytes);
  const detail = status && status.details.find((any) => any.type_url.endsWith('/google.rpc.ErrorInfo'));
  const info = detail && types['google.rpc.ErrorInfo'].deserialize(detail.value);
  return info ? `${info.reason} ${JSON.stringify(info.metadata)}` : 'none given';
}

async function main() {
  const key = Buffer.from('example/node');
  const first = await call('put', { key, value: Buffer.from('milk') });
  console.log('put milk: replicas asked for', first.report.required);
  console.log('get:', values(await call('get', { key })));

  // Two writers who have both seen milk and not each other: neither may win.
  await call('put', { key, value: Buffer.from('bread'), context: first.context });
  await call('put', { key, value: Buffer.from('butter'), context: first.context });
  const conflict = await call('get', { key });
  console.log('siblings:', values(conflict));

  // The context of the read covers both, so this write replaces both.
  const merged = Buffer.from(values(conflict).join('+'));
  await call('put', { key, value: merged, context: conflict.context });
  const many = {}; // answers come as they are ready, each with its key's position
  for await (const one of store.multiGet({ keys: [key, Buffer.from('example/absent')] }, deadline())) {
    many[one.index] = values(one.response);
  }
  console.log('multi-get:', many);

  await call('get', { key, bucket: 'nowhere' }).catch((error) =>
    console.log('refused:', grpc.status[error.code], reason(error)));

  const latest = await call('get', { key });
  await call('delete', { key, context: latest.context });
  console.log('after delete:', values(await call('get', { key })));
}

main().catch((error) => { console.error(error.message); process.exitCode = 1; }).finally(() => store.close());
