using System.Security.Cryptography;
using System.Text;
using CityHelper.Checks.TestCases;
using CityHelper.Data.WorstCases;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Server.Schema;
using CityHelper.Server.WorstCases;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Snapshooter.Xunit;
using Xunit;

namespace CityHelper.Tests.Server.WorstCases;

/// <summary>The values of variables that the plan audit tries, for a made-up city.</summary>
public sealed class WorstCaseValuesTests : IDisposable
{
    /// <summary>Longer values, which are polygons, are shown as a hash.</summary>
    private const int ValueCharsMax = 100;

    private static readonly CityWorstCases s_city = new(
        CityId: 7,
        "springfield",
        Requests: 1_000,
        [
            new(BoxKind.DensestCorner, 1.2, 2.2, 1.25, 2.25), new(BoxKind.Whole, 1, 2, 3, 4), new(BoxKind.Empty, 2.5, 3.5, 2.6, 3.6),
            new(BoxKind.Densest, 1.1, 2.1, 1.3, 2.3),
        ],
        new Dictionary<KeyColumn, IReadOnlyList<FrequentKey>>
        {
            [KeyColumn.Agency] = [new("11", "DOT", 600), new("12", "NYPD", 300), new("13", "DEP", 0)],
            [KeyColumn.Category] = [new("21", "pothole", 500), new("22", "noise", 20), new("23", "heat", 3), new("24", "snow", 0)],
            [KeyColumn.Status] = [new("CLOSED", "CLOSED", 900), new("OPEN", "OPEN", 100)],
            [KeyColumn.Kind] = [new("district", "district", 2), new("ward", "ward", 1)],
        },
        [
            new(
                RequestKind.Newest,
                101,
                "X-1",
                (1.5, 2.5),
                new Dictionary<string, string>
                {
                    ["title"] = "Hole",
                    ["description"] = "Deep",
                    ["source_status"] = "Shut",
                    ["external_id"] = "X-1",
                    ["address"] = "1 Road",
                    ["district"] = "North",
                    ["channel"] = "PHONE",
                    ["postal_code"] = "01",
                    ["resolution"] = "Filled",
                }
            ),
            new(
                RequestKind.Oldest,
                102,
                null,
                (1.6, 2.6),
                new Dictionary<string, string> { ["title"] = "Noise", ["source_status"] = "New" }),
            new(
                RequestKind.MostChanged,
                103,
                "X-3",
                null,
                new Dictionary<string, string>
                {
                    ["title"] = "Hole",
                    ["description"] = "Loud",
                    ["external_id"] = "X-3",
                }
            ),
            new(
                RequestKind.MostRepeated,
                104,
                "X-4",
                (1.7, 2.7),
                new Dictionary<string, string>
                {
                    ["title"] = "Heat",
                    ["external_id"] = "X-4",
                    ["source_status"] = "Shut",
                }
            ),
        ],
        [101, 102, 103],
        [new("largest", 31, "405", "Queens 5"), new("most winding", 32, "406", "since 1900")],
        new(Moment(2020, 1, 2), Moment(2024, 5, 6), Moment(2022, 2, 2)));

    private readonly ServiceProvider _services = SchemaServices.CreateOffline();

    private ISchema Schema => _services.GetRequiredService<ISchema>();

    public void Dispose() => _services.Dispose();

    /// <summary>Lists each variable's values, and each operation's number of test cases with a hash of their variables.</summary>
    [Fact]
    public async Task Each_kind_of_variable_has_the_values_of_its_kind()
    {
        var text = new StringBuilder();
        string file = await File.ReadAllTextAsync(
            Repository.PathOf("tests", "CityHelper.Tests", "Server", "WorstCases", "operations.graphql"));
        foreach (string operation in file.Split("\n\n"))
        {
            text.Append(await DescribeAsync(operation));
        }

        foreach (
            ManifestOperation operation in OperationManifest
                .Read(Repository.PathOf("persisted-queries", OperationManifest.FileName))
                .Operations.Where(operation => operation.Type == "query"))
        {
            text.Append(await DescribeAsync(operation.Body));
        }

        Snapshot.Match(text.ToString());
    }

    [Fact]
    public void The_data_is_told_from_other_data()
    {
        Assert.Equal("1,000 requests of springfield (be7f65e3)", Values(s_city).Data);
        Assert.NotEqual(Values(s_city).Data, Values(s_city with { SpreadIds = [101, 102, 104] }).Data);
    }

    private WorstCaseValues Values(CityWorstCases city) => new(city, _services.GetRequiredService<DatabaseModel>());

    private async Task<string> DescribeAsync(string text)
    {
        WorstCaseValues values = Values(s_city);
        Operation operation = (
            await new OperationCompiler(Schema).CompileAsync(text, operationName: null, CancellationToken.None)).Operation!;
        IReadOnlyList<OperationVariable> variables = OperationVariable.Of(operation, Schema);
        (IReadOnlyList<VariableGroup> groups, IReadOnlyList<OperationVariable> unknown) = VariableGroups.Of(variables, values);
        IReadOnlyList<TestCase> cases = TestCase.Of(groups);
        string hash = Hash(string.Join('\n', cases.Select(test => $"{test.Json().ToJsonString()} {test.Cursor}")));
        var lines = new StringBuilder($"{operation.Name}: {cases.Count} test cases ({hash})\n");
        foreach (OperationVariable variable in variables)
        {
            lines.Append($"  ${variable.Name}{(unknown.Contains(variable) ? ": nothing is known" : "")}\n");
            foreach (WorstCaseValue value in values.Of(variable))
            {
                string json = value.Value?.ToJsonString() ?? "";
                lines.Append($"    {value.Label}: {(json.Length <= ValueCharsMax ? json : Hash(json))}\n");
            }
        }

        return lines.ToString();
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..8];

    private static DateTime Moment(int year, int month, int day) => new(year, month, day, 3, 4, 5, DateTimeKind.Utc);
}
