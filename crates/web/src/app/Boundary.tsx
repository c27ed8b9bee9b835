import { Component, type ReactNode } from "react";
import i18n from "i18next";

/** Stands in for a page that broke. Drafts and what waits to be sent are on the device already. */
export class Boundary extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError(): { isBroken: boolean } {
    return { isBroken: true };
  }

  override render(): ReactNode {
    if (!this.state.isBroken) return this.props.children;
    return (
      <main className="notice-page" role="alert">
        <h1>{i18n.t("app.crashed")}</h1>
        <p>{i18n.t("app.crashedDetail")}</p>
        <button type="button" className="primary" onClick={() => location.reload()}>
          {i18n.t("app.reload")}
        </button>
      </main>
    );
  }
}
