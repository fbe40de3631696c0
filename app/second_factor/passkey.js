(() => {
  "use strict";
  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join(""))
      .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const listed = (some) => (some || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const make = async (options) => {
    options.challenge = bytes(options.challenge);
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = listed(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  };
  const use = async (options) => {
    options.challenge = bytes(options.challenge);
    options.allowCredentials = listed(options.allowCredentials);
    return navigator.credentials.get({ publicKey: options });
  };
  const answer = (credential) => {
    const given = { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: {} };
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      const value = credential.response[part];
      if (value) given.response[part] = text(value);
    }
    return JSON.stringify(given);
  };

  for (const button of document.querySelectorAll("button[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    const form = button.form, failed = form.querySelector("[data-failed]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = form.elements.namedItem("code");
      if (code) code.required = false;
      const ready = form.reportValidity();
      if (code) code.required = true;
      if (!ready) return;
      failed.hidden = true;
      button.disabled = true;
      try {
        const options = JSON.parse(button.dataset.passkey);
        form.elements.namedItem("passkey").value =
          answer(await (button.dataset.does === "make" ? make(options) : use(options)));
        form.submit();
      } catch (error) {
        failed.textContent = `${failed.dataset.failed} (${error.name})`;
        failed.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
