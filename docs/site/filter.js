// A field above the list of rules that leaves only the rows with all words in it: a name, a level, a fix, a code.
(() => {
  const tables = [...document.querySelectorAll("main table")];
  const heads = tables.map((it) => it.querySelector("th")?.textContent.trim());
  if (!tables.length || !heads.every((it) => it === "rule")) return;
  const field = document.createElement("input");
  field.className = "filter";
  field.type = "search";
  field.placeholder = "Filter: cache, error, safe, DL3008, …";
  field.setAttribute("aria-label", "Filter the rules");
  document.querySelector("main h1").after(field);
  // The keys of mdBook turn pages and open the search; here they are letters.
  field.addEventListener("keydown", (it) => it.stopPropagation());
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const table of tables) {
      let shown = 0;
      for (const row of table.querySelectorAll("tbody tr")) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((it) => text.includes(it));
        shown += row.hidden ? 0 : 1;
      }
      const whole = table.closest(".table-wrapper") ?? table;
      whole.hidden = !shown;
      if (whole.previousElementSibling?.tagName === "H2") whole.previousElementSibling.hidden = !shown;
    }
  });
})();
