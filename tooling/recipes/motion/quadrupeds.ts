/**
 * Which bone of 0 A.D.'s animals is which joint of the quadruped. One row per skeleton file: pelvis,
 * chest, neck, head, tail; then shoulder, elbow, wrist, forefoot; then hip, knee, hock, hindfoot with
 * "?" for the side ("L", "left", "l" by the row's own habit). "-" where there is none.
 */
interface Rig {
  /** Animations whose names begin so. */
  readonly animals: RegExp;
  readonly skeleton: string;
  readonly trunk: string;
  readonly fore: string;
  readonly hind: string;
  /** How left and right are written. */
  readonly sides?: readonly [left: string, right: string];
  /** Limbs whose sides are named the wrong way round. */
  readonly swapped?: "fore" | "hind";
}

const LR = ["L", "R"] as const;
const lr = ["l", "r"] as const;
const words = ["left", "right"] as const;

export const rigs: readonly Rig[] = [
  {
    animals: /^horse_(?!idle_rest)/,
    skeleton: "horse",
    trunk: "root spine2 neck1 head tail2",
    fore: "?_upperarm ?_arm ?_forearm ?_hoof",
    hind: "?_femur ?_leg ?_shin ?_hoof_back",
    sides: lr,
  },
  {
    animals: /^camel_/,
    skeleton: "camelus",
    trunk: "Camelus_Pelvis Camelus_Spine2 Camelus_Neck_02 Camelus_Head Camelus_Tail_02",
    fore: "Camelus_upperarm_? Camelus_Arm_? Camelus_Forearm_? Camelus_Hoof_?",
    hind: "Camelus_Femur_? Camelus_Leg_? Camelus_Shin_? Camelus_Hoof_back_?",
    sides: LR,
    swapped: "hind",
  },
  {
    animals: /^wolfhound_/,
    skeleton: "wolfhound",
    trunk: "wolfhound spine2 Neck2 Head Tail2",
    fore: "FrontLeg1_? FrontLeg2_? FrontLeg3_? FrontToe_?",
    hind: "BackLeg1_? BackLeg2_? BackLeg3_? BackToe_?",
    sides: LR,
  },
  {
    animals: /^mastiff_/,
    skeleton: "mastiff",
    trunk: "mastiff spine2 Neck2 Head Tail2",
    fore: "FrontLeg1_? FrontLeg2_? FrontLeg3_? FrontToe_?",
    hind: "BackLeg1_? BackLeg2_? BackLeg3_? BackToe_?",
    sides: LR,
  },
  {
    animals: /^wolf_/,
    skeleton: "wolf",
    trunk: "Bone Neck1 Neck2 Head Tail2",
    fore: "FrontLeg1_? FrontLeg2_? FrontLeg3_? FrontToe_?",
    hind: "BackLeg1_? BackLeg2_? BackLeg3_? BackToe_?",
    sides: LR,
  },
  {
    animals: /^fox_/,
    skeleton: "fox_armature",
    trunk: "Fox_pelvis Fox_spine2 Fox_Neck1 Fox_head Fox_Tail2",
    fore: "Fox_FrontLeg1_? Fox_FrontLeg2_? Fox_FrontLeg3_? Fox_FrontToe_?",
    hind: "Fox_BackLeg1_L|Fox_Fox_BackLeg1_R Fox_BackLeg2_? Fox_BackLeg3_? Fox_BackToe_?",
    sides: LR,
  },
  {
    animals: /^giraffe_/,
    skeleton: "giraffe",
    trunk: "main_pelvis spine_neck neck_02 head tail_02",
    fore: "?_f_leg_top ?_f_leg_mid ?_f_leg_bottom ?_f_foot",
    hind: "?_r_leg_top ?_r_leg_mid ?_r_leg_bottom ?_r_foot",
    sides: words,
  },
  {
    animals: /^elephant_(african|asian)/,
    skeleton: "elephantidae_asian",
    trunk:
      "Elephantidae_Pelvis Elephantidae_Vertebrae_Dorsal Elephantidae_Vertebrae_Cervical Elephantidae_Head Elephantidae_Tail_3",
    fore: "Elephantidae_Shouder_? Elephantidae_Arm_? Elephantidae_Forearm_? Elephantidae_Hand_?",
    hind: "Elephantidae_Thigh_? Elephantidae_Leg_? Elephantidae_Shin_? Elephantidae_Foot_?",
    sides: LR,
    swapped: "fore",
  },
  {
    animals: /^bovidae_/,
    skeleton: "bovidae_skeleton",
    trunk: "Bovidae_pelvis Bovidae_spine1 Bovidae_Neck Bovidae_Head Bovidae_TailMid",
    fore: "Bovidae_FrontLegTop_L|Bovidae_FrontLegTop_R Bovidae_FrontThigh_L|Bovidae_FrontThigh_R Bovidae_FrontCalf_left|Bovidae_FrontCalf_right Bovidae_FrontFoot_left|Bovidae_FrontFoot_right",
    hind: "Bovidae_ReartLegTop_L|Bovidae_ReartLegTop_R Bovidae_RearThigh_L|Bovidae_RearThigh_R Bovidae_RearCalf_left|Bovidae_RearCalf_right Bovidae_RearFoot_left|Bovidae_RearFoot_right",
    swapped: "fore",
  },
  {
    animals: /^bear_/,
    skeleton: "ursidae_armature",
    trunk: "Ursidae_Pelvis Ursidae_Spine_3 Ursidae_Neck Ursidae_Head -",
    fore: "Ursidae_Arm_? Ursidae_Forearm_? Ursidae_Paw_? Ursidae_Claw_?",
    hind: "Ursidae_Foreleg_? Ursidae_Shin_? Ursidae_Ankle_? Ursidae_Toe_?",
    sides: LR,
  },
  {
    animals: /^rhino_/,
    skeleton: "rhino",
    trunk: "rhino spine2 neck head tail2",
    fore: "shoulder_? leg_upper_? leg_? foot_front_?",
    hind: "thigh_? leg_back_? - foot_back_?",
    sides: LR,
  },
  {
    animals: /^donkey_/,
    skeleton: "horse_old",
    trunk: "pelvis spine1 neck1 head tail1",
    fore: "?_upperarm ?_forearm ?_hand ?_finger",
    hind: "?_thigh ?_calf ?_foot ?_toe",
    sides: lr,
  },
  {
    animals: /^deer_/,
    skeleton: "deer",
    trunk: "pelvis spine1 neck1 head tail1",
    fore: "?_upperarm ?_forearm ?_hand ?_finger",
    hind: "?_thigh ?_calf ?_foot ?_toe",
    sides: lr,
  },
  {
    animals: /^(pony_|horse_idle_rest)/,
    skeleton: "pony",
    trunk: "pelvis spine1 neck1 head tail1",
    fore: "?_upperarm ?_forearm ?_hand ?_finger",
    hind: "?_thigh ?_foot ?_ankle ?_toe",
    sides: lr,
  },
  {
    animals: /^sheep_/,
    skeleton: "sheep",
    trunk: "Body_Rear Body_Front Neck Head Tail",
    fore: "Shoulder_? Arm_? Forearm_? Hand_?",
    hind: "Pelvis_? Leg_? Shin_? Foot_?",
    sides: ["Left", "Right"],
  },
  {
    animals: /^feline_/,
    skeleton: "feline_blender",
    trunk: "pelvis chest neck_1 head tail_3",
    fore: "leg_front_top_? leg_front_mid_? leg_front_bot_? leg_front_foot_?",
    hind: "leg_back_top_? leg_back_mid_? leg_back_bot_? leg_back_foot_?",
    sides: LR,
  },
];

/** The quadruped's joint names to a rig's bones. */
export function namesOf(rig: Rig): Record<string, string> {
  const names: Record<string, string> = {};
  const put = (joint: string, bone: string) => {
    if (bone !== "-") names[joint] = bone;
  };
  const trunk = rig.trunk.split(" ");
  for (const [i, joint] of ["pelvis", "chest", "neck", "head", "tail"].entries())
    put(joint, trunk[i]!);
  for (const [end, joints] of [
    ["fore", ["shoulder", "elbow", "wrist", "forefoot"]],
    ["hind", ["hip", "knee", "hock", "hindfoot"]],
  ] as const) {
    const limbs = rig[end];
    for (const [i, limb] of limbs.split(" ").entries()) {
      for (const [s, side] of (rig.swapped === end
        ? ["right", "left"]
        : ["left", "right"]
      ).entries()) {
        const bone = limb.includes("|")
          ? limb.split("|")[s]!
          : limb.replace("?", rig.sides?.[s] ?? "");
        put(`${side}_${joints[i]}`, bone);
      }
    }
  }
  return names;
}
