"use strict";

const byId = (id) => document.getElementById(id);
const token = document.querySelector("meta[name=token]").content;
const rows = new Map();
const sections = new Map();

// Text is only ever set as text: names come from machine files and containers.
function put(row, selector, text) {
  const cell = row.querySelector(selector);
  if (cell.textContent !== text) cell.textContent = text;
}

function cloned(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

function drawLoad(row, device) {
  const cell = row.querySelector(".load");
  const known = device.utilisation !== null;
  cell.firstElementChild.toggleAttribute("hidden", !known);
  put(row, ".percent", known ? `${device.utilisation} %` : "");
  const last = device.history.slice(-120);
  const points = last.map((percent, at) => `${120 - last.length + at},${23 - percent * 0.22}`);
  cell.querySelector(".line").setAttribute("points", points.join(" "));
  const area = points.length ? [`${120 - last.length},23`, ...points, "119,23"] : [];
  cell.querySelector(".fill").setAttribute("points", area.join(" "));
}

function drawMemory(row, device) {
  const meter = row.querySelector("meter");
  meter.hidden = device.memory === null;
  put(row, ".amount", device.memory === null ? "" : `${gib(device.memory[0])} of ${gib(device.memory[1])} GiB`);
  if (device.memory === null) return;
  [meter.value, meter.max] = device.memory;
  meter.textContent = row.querySelector(".amount").textContent;
}

const gib = (mib) => (mib / 1024).toFixed(1);

function drawDevice(node, device) {
  const key = `${node.name}/${device.name}`;
  if (!rows.has(key)) rows.set(key, cloned("device"));
  const row = rows.get(key);
  row.className = device.condition;
  row.title = `${device.address} ${device.identity}`;
  put(row, ".name", device.name);
  put(row, ".product", device.product);
  put(row, ".condition", device.faults.length ? device.faults.join(", ") : device.condition);
  put(row, ".detail", device.detail);
  drawLoad(row, device);
  drawMemory(row, device);
  const there = device.condition !== "absent";
  put(row, ".temperature", !there || device.temperature === null ? "" : `${device.temperature} °C`);
  put(row, ".power", !there || device.watts === null ? "" : `${Math.round(device.watts)} W`);
  put(row, ".holder", [device.holder, ...device.processes].filter(Boolean).join("\n"));
  if (token) drawActions(row, node, device);
  return row;
}

function drawActions(row, node, device) {
  const wanted = [device.condition === "absent" ? "plug" : "unplug"];
  if (device.faults.length) wanted.push("heal");
  const cell = row.querySelector(".action");
  if (cell.dataset.wanted === wanted.join()) return;
  cell.dataset.wanted = wanted.join();
  cell.replaceChildren(...wanted.map((op) => button(op, node.name, device.name)));
}

function button(op, node, device) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = op;
  made.setAttribute("aria-label", `${op} ${device} of ${node}`);
  made.addEventListener("click", () => send(op, node, { device }));
  return made;
}

async function send(op, node, args) {
  const message = byId("message");
  try {
    const reply = await fetch("/", {
      method: "POST",
      headers: { "X-Drawplate-Token": token, "Content-Type": "application/json" },
      body: JSON.stringify({ op, node, args }),
    });
    const told = await reply.json();
    message.hidden = told.ok;
    message.textContent = told.ok ? "" : told.what;
  } catch (error) {
    message.hidden = false;
    message.textContent = `The request failed: ${error.message}`;
  }
}

function summary(node) {
  const counts = new Map();
  for (const device of node.devices) counts.set(device.condition, (counts.get(device.condition) || 0) + 1);
  const words = { fine: "fine", fault: "with a fault", lost: "lost", absent: "absent" };
  const parts = Object.keys(words).filter((key) => counts.has(key)).map((key) => `${counts.get(key)} ${words[key]}`);
  return [node.alive ? "" : "does not answer", ...parts, `generation ${node.generation}`].filter(Boolean).join(", ");
}

function drawNode(node) {
  if (!sections.has(node.name)) sections.set(node.name, cloned("node"));
  const section = sections.get(node.name);
  section.classList.toggle("dead", !node.alive);
  put(section, "h2 .name", node.name);
  put(section, "h2 .machine", node.machine);
  put(section, ".summary", summary(node));
  const body = section.querySelector("tbody");
  const wanted = node.devices.map((device) => drawDevice(node, device));
  if (wanted.length !== body.children.length || wanted.some((row, at) => body.children[at] !== row)) {
    body.replaceChildren(...wanted);
  }
  drawEvents(section.querySelector("ol"), node.events);
  return section;
}

function drawEvents(list, events) {
  const text = events.join("\n");
  if (list.dataset.text === text) return;
  list.dataset.text = text;
  list.replaceChildren(...events.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }).reverse());
}

function draw(picture) {
  const main = byId("nodes");
  const wanted = picture.nodes.map(drawNode);
  if (wanted.length !== main.children.length || wanted.some((one, at) => main.children[at] !== one)) {
    main.replaceChildren(...wanted);
  }
}

function connect() {
  const connection = byId("connection");
  const source = new EventSource("/events");
  source.onopen = () => { connection.textContent = token ? "live" : "live, read-only"; connection.className = ""; };
  source.onmessage = (event) => draw(JSON.parse(event.data));
  source.onerror = () => { connection.textContent = "connection lost, trying again"; connection.className = "lost"; };
}

connect();
