import { h } from "vue";
import DefaultTheme from "vitepress/theme";
import type { Theme } from "vitepress";
import DataTable from "./DataTable.vue";
import HomePicture from "./HomePicture.vue";
import Playground from "./Playground.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { "home-hero-image": () => h(HomePicture) }),
  enhanceApp({ app }) {
    app.component("DataTable", DataTable);
    app.component("Playground", Playground);
  },
} satisfies Theme;
