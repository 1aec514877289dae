// Filters of the matrix and the copy button. The page says everything without them.
(() => {
  const form = document.querySelector(".filters");
  if (form) {
    const rows = [...document.querySelectorAll(".matrix tbody tr:not(.area)")];
    const told = form.querySelector("output");
    const matches = (row) => {
      const { result, height, level, area } = Object.fromEntries(new FormData(form));
      const cells = row.dataset.results.trim().split(" ").map((cell) => cell.split(":"));
      return (!level || row.dataset.level === level)
        && (!area || row.parentElement.dataset.area === area)
        && cells.some(([at, is]) => (!height || at === height) && (!result || is === result));
    };
    const apply = () => {
      for (const row of rows) row.hidden = !matches(row);
      for (const body of document.querySelectorAll(".matrix tbody")) {
        body.hidden = !body.querySelector("tr:not(.area):not([hidden])");
      }
      told.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
    };
    form.hidden = false;
    form.addEventListener("change", apply);
    apply();
    // A link to a requirement must not lead to a hidden row.
    addEventListener("hashchange", () => {
      const target = document.getElementById(location.hash.slice(1));
      if (target && target.hidden) {
        form.reset();
        apply();
        target.scrollIntoView();
      }
    });
  }
  for (const button of document.querySelectorAll("[data-copies]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
      button.textContent = "Copied";
    });
  }
})();
