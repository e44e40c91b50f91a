/** One HTML page, no network: skeletons side by side on a canvas, to play, turn and scrub. */
import { ArgumentError } from "@dtok/core";
import { checkMotion, frameCount } from "../signal.js";
import type { MotionSignal } from "../signal.js";
import { jointPositions } from "../skeleton/fk.js";

export interface Shown {
  readonly title: string;
  readonly motion: MotionSignal;
}

/** Values with two digits are enough for a picture: millimetres. */
function rows(motion: MotionSignal): string {
  return `[${Array.from(jointPositions(motion), (value) => Math.round(value * 1000)).join()}]`;
}

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** A page that plays motions beside one another. `note` stands below the title. */
export function renderMotionPage(shown: readonly Shown[], title: string, note = ""): string {
  if (shown.length === 0) {
    throw new ArgumentError("motions", {
      expected: "at least one",
      got: "none",
      remedy: "Give what is to be shown.",
    });
  }
  for (const { motion } of shown) checkMotion(motion);
  const data = shown.map(({ title: name, motion }) => {
    const { joints } = motion.skeleton;
    const parents = joints.map(({ parent }) => parent);
    const sides = joints.map(({ name: joint }) =>
      /left/i.test(joint) ? 1 : /right/i.test(joint) ? 2 : 0,
    );
    return `{name:${JSON.stringify(name).replaceAll("<", "\\u003c")},fps:${motion.fps},frames:${frameCount(motion)},joints:${joints.length},parents:[${parents.join()}],sides:[${sides.join()}],places:${rows(motion)}}`;
  });
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
body{margin:0;font:15px system-ui,sans-serif;color:#223;background:#f6f7f9}
header{padding:12px 16px}h1{font-size:18px;margin:0 0 4px}p{margin:0;color:#556;white-space:pre-line}
canvas{display:block;width:100%;height:66vh;background:#fff;touch-action:none;cursor:grab}
footer{display:flex;gap:12px;align-items:center;padding:10px 16px}input{flex:1}
button{font:inherit;padding:4px 14px}
</style>
<header><h1>${escaped(title)}</h1><p>${escaped(note)}</p></header>
<canvas></canvas>
<footer><button>Pause</button><input type="range" min="0" max="1000" value="0" aria-label="time"><output></output></footer>
<script>
const motions=[${data.join(",\n")}];
const canvas=document.querySelector("canvas"),bar=document.querySelector("input"),button=document.querySelector("button"),clock=document.querySelector("output");
const ink=canvas.getContext("2d"),colours=["#456","#c2410c","#1d4ed8"];
const length=Math.max(...motions.map(m=>m.frames/m.fps));
let time=0,playing=true,last=performance.now(),yaw=0.6,pitch=0.2,drag;
button.onclick=()=>{playing=!playing;button.textContent=playing?"Pause":"Play"};
bar.oninput=()=>{time=bar.value/1000*length};
canvas.onpointerdown=e=>{drag=[e.clientX,e.clientY];canvas.setPointerCapture(e.pointerId)};
canvas.onpointerup=()=>{drag=undefined};
canvas.onpointermove=e=>{if(!drag)return;yaw+=(e.clientX-drag[0])/150;pitch=Math.max(-.2,Math.min(1.4,pitch+(e.clientY-drag[1])/150));drag=[e.clientX,e.clientY]};
function draw(now){
  if(playing){time=(time+(now-last)/1000)%length;bar.value=time/length*1000}
  last=now;clock.value=time.toFixed(2)+" s";
  const scale=devicePixelRatio,w=canvas.width=canvas.clientWidth*scale,h=canvas.height=canvas.clientHeight*scale;
  motions.forEach((m,i)=>{
    const part=w/motions.length,zoom=Math.min(part/2400,h/2400);
    const t=Math.min(m.frames-1,Math.floor(time*m.fps)),base=t*m.joints*3,p=m.places;
    // The camera follows the first motion's root, so that drift is seen.
    const f=motions[0],ft=Math.min(f.frames-1,Math.floor(time*f.fps))*f.joints*3,cx=f.places[ft],cz=f.places[ft+2];
    const project=(x,y,z)=>{x-=cx;z-=cz;const a=x*Math.cos(yaw)-z*Math.sin(yaw),b=x*Math.sin(yaw)+z*Math.cos(yaw);
      return [part*(i+.5)+a*zoom,h*.8-(y*Math.cos(pitch)-b*Math.sin(pitch))*zoom]};
    const line=(a,b,colour,width)=>{ink.strokeStyle=colour;ink.lineWidth=width*scale;ink.beginPath();ink.moveTo(...a);ink.lineTo(...b);ink.stroke()};
    ink.save();ink.beginPath();ink.rect(part*i,0,part,h);ink.clip();
    const gx=Math.floor(cx/500)*500,gz=Math.floor(cz/500)*500;
    for(let k=-4;k<=4;k++){line(project(gx+k*500,0,gz-2000),project(gx+k*500,0,gz+2000),"#e3e6ea",1);line(project(gx-2000,0,gz+k*500),project(gx+2000,0,gz+k*500),"#e3e6ea",1)}
    ink.lineCap="round";
    m.parents.forEach((parent,j)=>{if(parent<0)return;const a=base+parent*3,b=base+j*3;
      line(project(p[a],p[a+1],p[a+2]),project(p[b],p[b+1],p[b+2]),colours[m.sides[j]],4)});
    ink.restore();ink.fillStyle="#223";ink.font=14*scale+"px system-ui";ink.fillText(m.name,part*i+14*scale,24*scale);
  });
  requestAnimationFrame(draw);
}
requestAnimationFrame(draw);
</script></html>
`;
}
