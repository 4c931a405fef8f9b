using CityHelper.Checks.PlanAudits;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using Xunit;

namespace CityHelper.Tests.Checks;

/// <summary>Rules that need a plan which a database makes only now and then; the others are shown by real ones.</summary>
public sealed class PlanRulesTests
{
    private static readonly PlanCatalog s_catalog = new(
        new Dictionary<string, PlanTable> { ["category_nyc"] = new("category", 1, 53) }, new Dictionary<string, string>(), ServerVersion: 15);

    /// <summary>A table of a few rows that is read again for each row beside it is still one of a few rows.</summary>
    [Theory]
    [InlineData(53, 24, false)]
    [InlineData(1_000, 1, false)]
    [InlineData(1_001, 1, true)]
    [InlineData(1_001, 24, true)]
    public void A_table_is_read_whole_only_if_one_scan_reads_many_rows(int rows, int loops, bool isRejected)
    {
        string json =
            $$"""[{"Plan": {"Node Type": "Seq Scan", "Relation Name": "category_nyc", "Actual Rows": {{rows - 3}}, "Rows Removed by Filter": 3, "Actual Loops": {{loops}} } }]""";
        var statement = new StatementExplanation("select", "walk", json) { Field = "categories", Kind = StatementKind.Figures, Partition = 1 };
        PlanFinding[] findings = [.. PlanRules.Check(statement, PlanNode.Read(json), s_catalog)];
        Assert.Equal(isRejected ? [new SequentialScan("categories", "category", "category_nyc", rows)] : [], findings);
    }
}
