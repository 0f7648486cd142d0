// Makes the console smoother where scripts run. Nothing depends on it: every page works with plain links and forms.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const show = (element) => { element.hidden = false; };
  const live = document.getElementById("live");
  const say = (text) => { if (live) { live.textContent = ""; setTimeout(() => { live.textContent = text; }, 50); } };
  const page = async (address, signal) => {
    const answer = await fetch(address, { headers: { accept: "text/html" }, signal });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  // Copy buttons: by the clipboard where it may be used, else by selecting the text for the person.
  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.textContent);
      say("Copied");
      const words = button.querySelector("span");
      words.textContent = "Copied";
      setTimeout(() => { words.textContent = "Copy"; }, 2000);
    } catch {
      getSelection().selectAllChildren(text);
      say("Selected. Copy it with the keyboard.");
    }
  };

  // Confirmations: the form of the disclosure in a dialog, with the focus on Cancel, so that Enter confirms nothing.
  const confirm = (details) => {
    const panel = details.querySelector(".confirm-panel");
    const summary = details.querySelector("summary");
    const dialog = document.createElement("dialog");
    dialog.setAttribute("role", panel.querySelector("input:not([type=hidden])") ? "dialog" : "alertdialog");
    dialog.setAttribute("aria-labelledby", details.dataset.confirm);
    const cancel = panel.querySelector("[data-cancel]");
    if (cancel) show(cancel);
    details.after(dialog);
    dialog.append(panel);
    dialog.addEventListener("close", () => {
      details.append(panel);
      dialog.remove();
      if (cancel) cancel.hidden = true;
      summary.focus();
    });
    cancel?.addEventListener("click", () => dialog.close(), { once: true });
    dialog.showModal();
    cancel?.focus();
  };

  // Search as one types: the same request as the form, of which the results are taken.
  const liveSearch = (form) => {
    let timer;
    let running;
    const search = async () => {
      const query = new URLSearchParams(new FormData(form));
      const address = query.get("search") ? `${form.action}?${query}` : form.action;
      const results = document.getElementById(form.dataset.liveSearch);
      running?.abort();
      running = new AbortController();
      results.setAttribute("aria-busy", "true");
      try {
        const found = (await page(address, running.signal)).getElementById(results.id);
        if (!found) { form.submit(); return; }
        results.replaceChildren(...found.childNodes);
        prepare(results);
        history.replaceState(null, "", address);
        say(results.querySelector("[data-announce], .empty-title")?.textContent ?? "");
      } catch (error) {
        if (error.name !== "AbortError") form.submit();
      } finally {
        results.removeAttribute("aria-busy");
      }
    };
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 250); });
  };

  // Regions that show a state are fetched again. What one is using (the focus, a field, a dialog) is left alone.
  const typedIn = (region) => all("input, textarea", region).some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked);
  const inUse = (region) => region.contains(document.activeElement) || typedIn(region) || document.querySelector("dialog[open]");
  const refresh = async () => {
    const regions = all("[data-refresh]");
    if (!regions.length || document.hidden) return;
    let fresh;
    try { fresh = await page(location.href); } catch { return; }
    for (const region of regions) {
      const next = fresh.getElementById(region.id);
      if (!next || inUse(region)) continue;
      for (const open of all("details[id]", region)) {
        const same = next.querySelector(`#${CSS.escape(open.id)}`);
        if (same) same.open = open.open;
      }
      prepare(next);
      if (next.innerHTML === region.innerHTML) continue;
      const words = (root) => all("[data-announce]", root).concat(root.matches("[data-announce]") ? [root] : []).map((e) => e.textContent.trim());
      const before = new Set(words(region));
      region.replaceChildren(...next.childNodes);
      const changed = words(region).filter((text) => !before.has(text));
      if (changed.length) say(changed.join(". "));
    }
  };

  // The switcher: a list that can be searched, driven from its field (the combobox pattern of the APG).
  const switcher = (details) => {
    const field = details.querySelector("input");
    const list = details.querySelector("ul");
    const none = details.querySelector(".switcher-none");
    const items = all("li", list);
    if (!items.length) return;
    show(details.querySelector(".switcher-search"));
    list.setAttribute("role", "listbox");
    for (const item of items) {
      item.setAttribute("role", "none");
      const link = item.firstElementChild;
      link.setAttribute("role", "option");
      link.setAttribute("tabindex", "-1");
    }
    const links = () => items.filter((item) => !item.hidden).map((item) => item.firstElementChild);
    const choose = (chosen) => {
      for (const item of items) item.firstElementChild.setAttribute("aria-selected", String(item.firstElementChild === chosen));
      if (chosen) { field.setAttribute("aria-activedescendant", chosen.id); chosen.scrollIntoView({ block: "nearest" }); } else field.removeAttribute("aria-activedescendant");
    };
    const chosen = () => list.querySelector("[aria-selected=true]");
    const filter = () => {
      const wanted = field.value.trim().toLowerCase();
      for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
      none.hidden = links().length > 0;
      choose(links()[0]);
      say(`${links().length} found`);
    };
    choose(null);
    field.addEventListener("input", filter);
    field.addEventListener("keydown", (event) => {
      const shown = links();
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && shown.length) {
        event.preventDefault();
        choose(shown[(shown.indexOf(chosen()) + step + shown.length) % shown.length]);
      } else if (event.key === "Enter") {
        event.preventDefault();
        chosen()?.click();
      }
    });
    details.addEventListener("toggle", () => { if (details.open) { field.value = ""; for (const item of items) item.hidden = false; none.hidden = true; field.focus(); } });
    const shortcut = details.querySelector("[data-shortcut]");
    shortcut.textContent = /Mac|iP/.test(navigator.platform) ? "⌘K" : "Ctrl K";
    show(shortcut);
  };

  // The slug that a name will get, by the rule of the server.
  const slugOf = (name) => name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/[^a-z0-9]+/g, "-").replace(/^-/, "").slice(0, 40).replace(/-+$/, "");
  const slug = (field) => {
    const name = field.form.elements[field.dataset.slugFrom];
    const preview = () => { field.placeholder = slugOf(name.value); };
    name.addEventListener("input", preview);
    preview();
  };

  // One more row: a copy of the last one, with fresh ids and nothing in it.
  const addRow = (button) => {
    const rows = all("[data-row]", button.closest("[data-rows]"));
    const number = rows.length + 1;
    const row = rows.at(-1).cloneNode(true);
    for (const element of all("[id], [for]", row)) {
      for (const name of ["id", "for"]) if (element.hasAttribute(name)) element.setAttribute(name, element.getAttribute(name).replace(/\d+$/, number));
      if (element.matches("input")) element.value = "";
      if (element.matches("select")) element.selectedIndex = 0;
    }
    for (const label of all(".visually-hidden", row)) label.textContent = ` of row ${number}`;
    rows.at(-1).after(row);
    row.querySelector("input").focus();
  };

  const compare = (field) => {
    const result = document.querySelector(`[data-compare-result="${CSS.escape(field.id)}"]`);
    const plain = (text) => text.replace(/^\s*sha256:/i, "").replace(/[^0-9a-f]/gi, "").toLowerCase();
    const same = plain(field.value) === plain(field.dataset.compare);
    result.hidden = !field.value.trim();
    result.className = `compare-result ${same ? "same" : "different"}`;
    result.textContent = same ? "✓ The same key." : "✗ Not the same key.";
    say(result.textContent);
  };

  const readFile = async (field) => {
    const [file] = field.files;
    if (file) document.getElementById(field.dataset.fileTo).value = await file.text();
  };

  const theme = (form) => form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = event.submitter.value;
    if (chosen === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    for (const button of all("button", form)) button.setAttribute("aria-pressed", String(button === event.submitter));
    const body = new URLSearchParams(new FormData(form, event.submitter));
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
  });

  // What appears only with the script, in the page or in a part that was fetched.
  const prepare = (root) => all("[data-copy], [data-add-row], [data-file-field]", root).forEach(show);

  // A menu of the header is open as long as one is in it: it covers what comes next.
  const closeOthers = (target) => { for (const open of all(".top details[open]")) if (!open.contains(target)) open.open = false; };

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    const copied = target.closest("[data-copy]");
    const added = target.closest("[data-add-row]");
    const asked = target.closest("[data-confirm] > summary");
    if (copied) copy(copied);
    if (added) addRow(added);
    if (target.closest("[aria-disabled=true]")) event.preventDefault();
    if (asked) { event.preventDefault(); confirm(asked.parentElement); }
    closeOthers(target);
  });
  document.addEventListener("focusin", (event) => closeOthers(event.target));
  document.addEventListener("input", (event) => { if (event.target.matches("[data-compare]")) compare(event.target); });
  document.addEventListener("change", (event) => { if (event.target.matches("[data-file-to]")) readFile(event.target); });
  document.addEventListener("keydown", (event) => {
    const open = document.querySelector(".top details[open]");
    if (event.key === "Escape" && open) { open.open = false; open.querySelector("summary").focus(); }
    const wanted = document.querySelector("[data-switcher]");
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k" && wanted) {
      event.preventDefault();
      wanted.open = true;
      // At once, before the next key: what is open and does not have the focus is closed by it.
      wanted.querySelector("summary").focus();
      wanted.querySelector("input")?.focus();
    }
  });
  // An error's link opens what hides its field.
  addEventListener("hashchange", () => document.getElementById(location.hash.slice(1))?.closest("details:not([open], .confirm)")?.setAttribute("open", ""));

  prepare(document);
  all("[data-live-search]").forEach(liveSearch);
  all("[data-switcher]").forEach(switcher);
  all("[data-slug-from]").forEach(slug);
  all("[data-theme-form]").forEach(theme);
  setInterval(refresh, 5000);
})();
