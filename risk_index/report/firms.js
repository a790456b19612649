// The table of firms: unpacked once, filtered and sorted in memory, one page of rows in the document at a time.
(async () => {
  const room = document.getElementById("firms");
  const said = JSON.parse(document.getElementById("firms-words").textContent);
  const packed = document.getElementById("firms-packed").textContent.trim();
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const columns = JSON.parse(await new Response(stream).text());
  const names = Object.keys(columns);
  const words = columns.firm_id.map((id, row) => `${id} ${columns.name[row]}`.toLowerCase());
  const inputs = {
    text: document.getElementById("firms-text"),
    tier: document.getElementById("firms-tier"),
    region: document.getElementById("firms-region"),
    sector: document.getElementById("firms-sector"),
  };
  const body = room.querySelector("tbody");
  const heads = [...room.querySelectorAll("thead th")];
  const alike = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const counted = new Intl.NumberFormat(document.documentElement.lang);
  const count = document.getElementById("firms-count");
  const [back, on] = [document.getElementById("firms-back"), document.getElementById("firms-on")];
  const ROWS = 50;
  let order = words.map((_, row) => row);
  let found = [];
  let page = 0;

  for (const name of ["tier", "region"]) {
    for (const value of ["", ...[...new Set(columns[name])].sort()].filter((v, i) => i === 0 || v)) {
      inputs[name].append(new Option(value || said[name], value));
    }
  }

  function filter() {
    const text = inputs.text.value.trim().toLowerCase();
    const [tier, region, sector] = ["tier", "region", "sector"].map((name) => inputs[name].value.trim());
    found = [];
    for (const row of order) {
      if (text && !words[row].includes(text)) continue;
      if (tier && columns.tier[row] !== tier) continue;
      if (region && columns.region[row] !== region) continue;
      if (sector && !columns.sector[row].startsWith(sector)) continue;
      found.push(row);
    }
    page = 0;
    show();
  }

  // Rows in the order of a column; equal ones by rank, empty cells last.
  function sort(name, upwards) {
    const cells = columns[name];
    const sign = upwards ? 1 : -1;
    const before = typeof cells[0] === "number" ? (a, b) => a - b : alike.compare;
    const empty = (row) => cells[row] === "" || cells[row] === null;
    order = words.map((_, row) => row).sort((a, b) => (
      empty(a) || empty(b) ? empty(a) - empty(b) : sign * before(cells[a], cells[b])
    ));
    for (const [place, head] of heads.entries()) {
      if (names[place] === name) head.setAttribute("aria-sort", upwards ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    filter();
  }

  function show() {
    const first = page * ROWS;
    const rows = found.slice(first, first + ROWS).map((row) => {
      const line = document.createElement("tr");
      for (const name of names) {
        const cell = document.createElement("td");
        const value = columns[name][row];
        cell.textContent = typeof value === "number" ? value.toFixed(said.decimals[name] ?? 0) : value;
        cell.className = typeof value === "number" ? "n" : name.startsWith("reason") ? "long" : "short";
        line.append(cell);
      }
      return line;
    });
    body.replaceChildren(...rows);
    const last = Math.min(first + ROWS, found.length);
    const places = { first: first + 1, last, n: found.length };
    const told = found.length ? said.found : said.none;
    count.textContent = told.replace(/{(\w+)}/g, (_, place) => counted.format(places[place]));
    // a button that is disabled would lose the focus of whoever just pressed it
    back.setAttribute("aria-disabled", page === 0);
    on.setAttribute("aria-disabled", last >= found.length);
  }

  for (const input of Object.values(inputs)) input.addEventListener("input", filter);
  for (const [button, step] of [[back, -1], [on, 1]]) {
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      page += step;
      show();
    });
  }
  for (const [place, head] of heads.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(names[place], head.getAttribute("aria-sort") !== "ascending"));
    head.append(button);
  }
  for (const control of room.querySelectorAll(".filters, .turn")) control.hidden = false;
  sort("rank", true);
  room.dataset.ready = "yes";
})();
