using CityHelper.Checks.PlanAudits;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using Xunit;

namespace CityHelper.Tests.Checks;

/// <summary>Rules for plans that PostgreSQL seldom makes; tests with real plans cover the other rules.</summary>
public sealed class PlanRulesTests
{
    private static readonly PlanCatalog s_catalog = new(
        new Dictionary<string, PlanTable> { ["category_nyc"] = new("category", 1, 53) },
        new Dictionary<string, string>(),
        ServerVersion: 15);

    /// <summary>A small table counts as small even when the plan rescans it once per outer row.</summary>
    [Theory]
    [InlineData(53, 24, false)]
    [InlineData(1_000, 1, false)]
    [InlineData(1_001, 1, true)]
    [InlineData(1_001, 24, true)]
    public void A_table_is_read_whole_only_if_one_scan_reads_many_rows(int rows, int loops, bool isRejected)
    {
        string json =
            $$"""[{"Plan": {"Node Type": "Seq Scan", "Relation Name": "category_nyc", "Actual Rows": {{rows - 3}}"""
                + $$""", "Rows Removed by Filter": 3, "Actual Loops": {{loops}} } }]""";
        var statement = new StatementExplanation("select", "ordered-index-scan", json)
        {
            Field = "categories",
            Kind = StatementKind.Aggregates,
            Tenant = 1,
        };
        PlanFinding[] findings = [.. PlanRules.Check(statement, PlanNode.Read(json), s_catalog)];
        Assert.Equal(isRejected ? [new SequentialScan("categories", "category", "category_nyc", rows)] : [], findings);
    }
}
