/** A button that saves the documents from which the page was made. */
export function offerDownload(): void {
  const button = document.querySelector<HTMLButtonElement>("#download");
  const parts = document.querySelector("#pagetier-parts")?.textContent;
  if (button === null || parts == null) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const documents = (JSON.parse(parts) as { readonly document: unknown }[]).map(({ document: each }) => each);
    const text = JSON.stringify(documents.length === 1 ? documents[0] : documents, null, 2);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "pagetier.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
