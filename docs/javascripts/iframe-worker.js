// Browsers refuse workers on pages opened as files; there the search runs in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    #frame = document.createElement("iframe");
    #ready;

    constructor(url) {
      super();
      const answerToParent = 'postMessage = (data) => parent.postMessage(data, "*")';
      this.#frame.hidden = true;
      this.#frame.srcdoc = `<script>${answerToParent}</script><script src="${url}"></script>`;
      this.#ready = new Promise((resolve) => this.#frame.addEventListener("load", resolve));
      addEventListener("message", (event) => {
        if (event.source === this.#frame.contentWindow) {
          this.dispatchEvent(new MessageEvent("message", { data: event.data }));
        }
      });
      document.body.append(this.#frame);
    }

    async postMessage(data) {
      await this.#ready;
      this.#frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
    }
  };
}
