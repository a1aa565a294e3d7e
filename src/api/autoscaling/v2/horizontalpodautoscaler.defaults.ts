import { wasSentEmpty } from '../../../machinery/codec/sent-empty.ts'
import { defaulter, setDefault } from '../../defaulter.ts'
import { withoutRoundTripAnnotations } from './horizontalpodautoscaler.annotations.ts'
import {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerSpec,
  type HPAScalingPolicy,
  type HPAScalingRules,
} from './horizontalpodautoscaler.ts'

const targetUtilization = 80
const periodSeconds = 15

/** Who sends no policies at all is told so. */
const unlessSentEmpty = (rules: HPAScalingRules | undefined, policies: HPAScalingPolicy[]) =>
  wasSentEmpty(rules, 'policies') ? {} : { policies }

export const horizontalPodAutoscalerDefaults = [
  defaulter(HorizontalPodAutoscaler, autoscaler => {
    autoscaler.metadata = withoutRoundTripAnnotations(autoscaler.metadata)
  }),
  defaulter(HorizontalPodAutoscalerSpec, spec => {
    if ((spec.metrics?.length ?? 0) > 0) return
    const target = { type: 'Utilization', averageUtilization: targetUtilization }
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }]
  }),
  defaulter(HorizontalPodAutoscalerBehavior, behavior => {
    setDefault(behavior, 'scaleUp', {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      ...unlessSentEmpty(behavior.scaleUp, [
        { type: 'Pods', value: 4, periodSeconds },
        { type: 'Percent', value: 100, periodSeconds },
      ]),
      ...behavior.scaleUp,
    })
    // How long scaling down waits is the controller manager's flag, unless it is said here.
    setDefault(behavior, 'scaleDown', {
      selectPolicy: 'Max',
      ...unlessSentEmpty(behavior.scaleDown, [{ type: 'Percent', value: 100, periodSeconds }]),
      ...behavior.scaleDown,
    })
  }),
]
