//! What runs in pages to look at them. Each is the body of a function; what it is given is in `arguments`.

/// The text of an element as it is shown, with single blanks.
pub(super) const TEXT: &str = r"
    const element = document.querySelector(arguments[0]);
    return element && element.innerText.replace(/\s+/g, ' ');
";

/// How many elements are shown.
pub(super) const COUNT: &str = r"
    const found = [...document.querySelectorAll(arguments[0])];
    return found.filter((element) => element.checkVisibility({ visibilityProperty: true })).length;
";

/// What is typed or chosen in a field, or which button of a group is.
pub(super) const VALUE: &str = r"
    const field = document.getElementById(arguments[0]);
    if (field?.tagName === 'FIELDSET') return field.querySelector('input:checked')?.value ?? '';
    if (field?.type === 'checkbox' || field?.type === 'radio') return field.checked ? field.value : '';
    return field?.value ?? null;
";

/// What can be clicked and has these words, alone or at its beginning.
pub(super) const CLICKABLE: &str = r"
    const words = arguments[0];
    const text = (element) => element.textContent.replace(/\s+/g, ' ').trim();
    const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('[aria-hidden=true]');
    for (const place of [document.querySelector('dialog[open]'), document.querySelector('main'), document]) {
        const found = [...(place?.querySelectorAll('a[href], button, summary') ?? [])].filter(shown);
        const exact = found.find((element) => text(element) === words);
        const begins = found.find((element) => text(element).startsWith(words));
        if (exact || begins) return exact ?? begins;
    }
    return null;
";

/// Which load of a page this is.
pub(super) const ORIGIN: &str = "return String(performance.timeOrigin)";

/// The same once everything is loaded.
pub(super) const COMPLETE_ORIGIN: &str =
    "return document.readyState === 'complete' ? String(performance.timeOrigin) : null";

/// Width and height of everything on the page, which is moved to its beginning; nothing when a dialog is in front of it.
pub(super) const SIZE: &str = r"
    if (document.querySelector('dialog[open]')) return null;
    const root = document.documentElement;
    scrollTo(0, 0);
    return [root.clientWidth, Math.max(root.scrollHeight, root.clientHeight)];
";

/// What sticks out of the page to the side, unless it is in something that scrolls by itself; and words for which there
/// is no room at all.
pub(super) const STICKS_OUT: &str = r"
    const root = document.documentElement;
    // Clipped away is what only screen readers are to read.
    const clipped = (element) => element && (getComputedStyle(element).clipPath !== 'none' || clipped(element.parentElement));
    const squeezed = [...document.querySelectorAll('body *')].filter((element) => {
        const { overflowX, display } = getComputedStyle(element);
        return overflowX !== 'visible' && display !== 'inline' && element.textContent.trim() && element.checkVisibility()
            && element.clientWidth < 16 && element.scrollWidth > element.clientWidth && !clipped(element);
    });
    if (squeezed.length) return squeezed.map((element) => `no room for “${element.textContent.trim()}”`);
    if (root.scrollWidth <= root.clientWidth) return [];
    const scrolls = (element) => {
        for (let up = element.parentElement; up && up !== document.body; up = up.parentElement)
            if (getComputedStyle(up).overflowX !== 'visible') return true;
        return false;
    };
    const out = [...document.querySelectorAll('body *')].filter((element) => {
        const place = element.getBoundingClientRect();
        return place.width > 0 && place.right > root.clientWidth + 0.5 && !scrolls(element);
    });
    const names = out.map((element) => `${element.tagName.toLowerCase()}.${element.className} ${element.textContent.trim().slice(0, 40)}`);
    return [`${root.scrollWidth} px are needed, ${root.clientWidth} px are there`, ...names.slice(0, 8)];
";

/// Violations of the rules with these tags, a line for each element.
pub(super) const AXE: &str = r"
    const done = arguments[1];
    // Where the system chooses the colours, it answers for their contrast; axe-core would compare ours.
    const own = !matchMedia('(forced-colors: active)').matches;
    const wanted = {
        runOnly: { type: 'tag', values: arguments[0] },
        rules: { 'target-size': { enabled: true }, 'color-contrast': { enabled: own } },
        resultTypes: ['violations'],
    };
    axe.run(document, wanted).then(({ violations, passes }) => {
        const lines = violations.flatMap(({ id, help, helpUrl, nodes }) => nodes.map((node) =>
            `${id}: ${help} (${helpUrl})\n    ${node.target.join(' ')}\n    ${node.html}\n    ${node.failureSummary.replace(/\n\s*/g, ' ')}`));
        done({ lines, passed: passes.length });
    }, (error) => done({ lines: [String(error)], passed: 0 }));
";

/// Lets the next tabulator lead to the first stop. Taking the focus away would not: the browser remembers where it was.
pub(super) const TO_THE_BEGINNING: &str = r"
    const { body } = document;
    body.tabIndex = -1;
    body.focus();
    body.removeAttribute('tabindex');
    scrollTo(0, 0);
    return true;
";

/// Where the focus is, and how it can be seen there; nothing when it is on no element.
pub(super) const FOCUS: &str = r"
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const style = getComputedStyle(element);
    const places = [...element.getClientRects()].filter((place) => place.width > 0 && place.height > 0);
    const mine = (hit) => hit && (element.contains(hit) || hit.contains(element) && hit !== document.documentElement && hit !== document.body && hit.tagName !== 'MAIN'
        || [...(element.labels ?? [])].some((label) => label.contains(hit)));
    const points = places.flatMap(({ left, right, top, bottom }) => {
        const [x, y] = [(left + right) / 2, (top + bottom) / 2];
        return [[x, y], [left + 3, top + 3], [right - 3, top + 3], [left + 3, bottom - 3], [right - 3, bottom - 3]];
    }).filter(([x, y]) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight);
    const target = (element.closest('.choice') ?? element).getBoundingClientRect();
    const sentence = element.tagName === 'A' && style.display === 'inline';
    return {
        id: element.id,
        what: `${element.tagName.toLowerCase()}#${element.id} “${(element.textContent || element.value || '').trim().replace(/\s+/g, ' ').slice(0, 40)}”`,
        in_view: points.length > 0,
        uncovered: points.some(([x, y]) => mine(document.elementFromPoint(x, y))),
        ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        width: target.width,
        height: target.height,
        in_a_sentence: sentence,
    };
";
