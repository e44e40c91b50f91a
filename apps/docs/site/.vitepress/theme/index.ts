import DefaultTheme from "vitepress/theme";
import type { Theme } from "vitepress";
import DataTable from "./DataTable.vue";
import Playground from "./Playground.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("DataTable", DataTable);
    app.component("Playground", Playground);
  },
} satisfies Theme;
