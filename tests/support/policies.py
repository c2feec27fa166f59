"""The kernel's rules once more, in Cedar: generated from the table of actions, to compare the two."""

from remint.core.action import ACTIONS

ALLOW_ALL = '@id("work") permit (principal, action, resource);\n'
NO_MODELS_WITHOUT_RISK = (
    ALLOW_ALL
    + """
@id("models-need-risk")
forbid (principal, action == Action::"change:merge", resource)
when { context.kinds.contains("model") && !context.roles.contains("risk") };
"""
)


def kernel_in_cedar() -> str:
    """Return the rules of core.access, as far as they hold for an action of the table."""
    return "\n".join(_statements(name) for name in ACTIONS)


def _statements(name: str) -> str:
    action = ACTIONS[name]
    roles = ", ".join(f'"{role}"' for role in sorted(action.roles))
    inside = "false" if action.leaves else '(context.workspace == "" || context.workspace == context.sandbox)'
    return (
        f'permit (principal, action == Action::"{name}", resource)\n'
        f"when {{ context.roles.containsAny([{roles}]) }}\n"
        f'when {{ !context.via_token || context.scopes.contains("{action.scope}") }}\n'
        f'when {{ context.sandbox == "" || {inside} }};'
    )
