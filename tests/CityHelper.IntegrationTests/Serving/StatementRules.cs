using System.Text.RegularExpressions;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Rules for every statement that the engine sends.</summary>
internal static partial class StatementRules
{
    /// <summary>
    /// Every table of a city is bound to the statement's first parameter wherever it occurs: isolation, pruning, and routing to one shard
    /// depend on it. Joining two tables by their keys is not enough.
    /// </summary>
    public static string? Unbound(string statement)
    {
        int tables = Table().Count(statement);
        int bound = Bound().Count(statement);
        return tables == bound ? null : $"{tables} tables of a city, {bound} of them bound to it:\n{statement}";
    }

    [GeneratedRegex(
        @"\b(from|join) (service_request_external_id|service_request_pack|service_request_count|service_request_closing_count|"
        + @"service_request_delta|service_request_boundary_month|"
        + @"service_request_boundary_count|service_request|status_update|"
        + @"category|agency|boundary|boundary_outline|boundary_part)\b")]
    private static partial Regex Table();

    [GeneratedRegex(@"\bcity_id = \$1(?!\d)")]
    private static partial Regex Bound();
}
