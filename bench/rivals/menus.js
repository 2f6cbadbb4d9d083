// The same four screens in ussd-menu-builder, or in ussd-builder which is made from it.
//
//   node menus.js LIBRARY PROCESSES --port PORT      (REDIS_SOCKET, SCREENS: a JSON list of texts)
//
// One menu object for all requests, as their own examples have it, answers one caller with
// another's screen as soon as two call at once: it keeps the caller in itself. So each request gets
// a menu of its own. Sessions are in Redis: read when a step begins, kept with what it led to.

'use strict';

const cluster = require('cluster');
const express = require('express');
const fs = require('fs');
const redis = require('redis');

const [library, processes, , port] = process.argv.slice(2);
const Menu = require(library);
const screens = JSON.parse(fs.readFileSync(process.env.SCREENS, 'utf-8'));
const keys = process.env.KEYS.split('*');
const LIFETIME = 300;

function menuFor(client) {
  const menu = new Menu();
  let session = {};
  const keep = (id) => client.setEx(`session:${id}`, LIFETIME, JSON.stringify(session));
  menu.sessionConfig({
    start: async (id) => {
      session = JSON.parse((await client.get(`session:${id}`)) || '{}');
    },
    get: async (id, key) => session[key],
    set: async (id, key, value) => {
      session[key] = value;
      await keep(id);
    },
    end: (id) => client.del(`session:${id}`),
  });
  screens.forEach((text, at) => {
    const name = at === 0 ? Menu.START_STATE : `screen ${at}`;
    const next = at < keys.length ? { [keys[at]]: `screen ${at + 1}` } : {};
    menu.state(name, {
      run: () => menu.session.set('at', name).then(() => menu.con(text)),
      next,
    });
  });
  return menu;
}

async function serve() {
  const client = redis.createClient({ socket: { path: process.env.REDIS_SOCKET } });
  await client.connect();
  const app = express();
  app.get('/healthz', (request, response) => response.send('ok'));
  app.post('/ussd', express.urlencoded({ extended: false }), (request, response) => {
    menuFor(client).run(request.body, (said) => response.type('text/plain').send(said));
  });
  app.listen(Number(port), '127.0.0.1', 2048);
}

if (Number(processes) > 1 && cluster.isPrimary) {
  for (let count = 0; count < Number(processes); count += 1) cluster.fork();
} else {
  serve();
}
