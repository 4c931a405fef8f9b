using System.Text.Json;
using CityHelper.Engine.Documents;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class VariableValuesTests : IDisposable
{
    private const string Text =
        """
        query Q(
          $city: String!, $first: Int, $area: AreaInput, $where: ServiceRequestFilterInput, $order: [ServiceRequestSortInput!],
          $more: Boolean = false) {
          serviceRequests(city: $city, first: $first, within: $area, where: $where, order: $order) {
            nodes { id title @include(if: $more) } }
        }
        """;

    private readonly ServiceProvider _services = SchemaServices.CreateOffline();

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData("""{}""", "Variable `$city` is missing: send a String!.")]
    [InlineData("""{"city":null}""", "Variable `$city` must not be null: send a String.")]
    [InlineData("""{"city":1}""", "Variable `$city` is no String.")]
    [InlineData("""{"city":"a","first":"1"}""", "Variable `$first` is no Int.")]
    [InlineData("""{"city":"a","first":1.5}""", "Variable `$first` is no Int.")]
    [InlineData("""{"city":"a","first":3000000000}""", "Variable `$first` is no Int.")]
    [InlineData("""{"city":"a","first":1e400}""", "Variable `$first` must be a finite number.")]
    [InlineData(
        """{"city":"a","area":{}}""",
        "Variable `$area` takes exactly one field that is not null. Did you mean one of viewport, polygon, boundary, circle?")]
    [InlineData(
        """{"city":"a","area":{"viewport":null}}""",
        "Variable `$area` takes exactly one field that is not null. Did you mean one of viewport, polygon, boundary, circle?")]
    [InlineData("""{"city":"a","area":{"viewport":{"west":1}}}""", "Variable `$area`.viewport.south is missing: send a Float!.")]
    [InlineData(
        """{"city":"a","area":{"viewport":{"west":"NaN","south":1,"east":2,"north":3}}}""", "Variable `$area`.viewport.west is no Float.")]
    [InlineData(
        """{"city":"a","where":{"nope":1}}""",
        "Variable `$where` has no field `nope`. Did you mean one of and, or, id, externalId, title, description, status, sourceStatus, "
            + "category, agency, address, postalCode, district, channel, location, createdAt, updatedAt, dueAt, closedAt, resolution, "
            + "updates?")]
    [InlineData("""{"city":"a","where":{"createdAt":{"gt":"2018-10-21T00:00:00"}}}""", "Variable `$where`.createdAt.gt is no DateTime.")]
    [InlineData(
        """{"city":"a","where":{"status":{"in":["OPEN",null]}}}""",
        "Variable `$where`.status.in[1] must not be null: send a ServiceRequestStatus.")]
    [InlineData("""{"city":"a","order":[{"createdAt":"UP"}]}""", "Variable `$order`[0].createdAt is no SortEnumType.")]
    public async Task What_does_not_fit_is_refused_with_its_path(string json, string message)
    {
        (VariableValues? values, var error) = await CoerceAsync(json);
        Assert.Null(values);
        Assert.Equal(message, error!.Message);
        Assert.Equal("HC0016", error.Code);
    }

    [Theory]
    [InlineData("""{"city":"a"}""", """{"city":"b"}""", true)]
    [InlineData("""{"city":"a"}""", """{"city":"a","first":3}""", false)]
    [InlineData("""{"city":"a","first":null}""", """{"city":"a"}""", false)]
    [InlineData("""{"city":"a","more":true}""", """{"city":"a"}""", false)]
    [InlineData("""{"city":"a","more":false}""", """{"city":"a"}""", true)]
    [InlineData(
        """{"city":"a","where":{"status":{"in":["OPEN"]}}}""", """{"city":"a","where":{"status":{"in":["OPEN","CLOSED"]}}}""", true)]
    [InlineData("""{"city":"a","where":{"status":{"eq":"OPEN"}}}""", """{"city":"a","where":{"status":{"eq":null}}}""", false)]
    [InlineData("""{"city":"a","where":{"and":[{}]}}""", """{"city":"a","where":{"and":[{},{}]}}""", false)]
    [InlineData("""{"city":"a","order":[{"createdAt":"ASC"}]}""", """{"city":"a","order":[{"createdAt":"DESC"}]}""", false)]
    [InlineData(
        """{"city":"a","where":{"status":{"eq":"OPEN"},"category":{}}}""",
        """{"where":{"category":{},"status":{"eq":"CLOSED"}},"city":"a"}""",
        true)]
    public async Task Requests_share_a_plan_exactly_when_it_can_be_the_same(string left, string right, bool same)
    {
        string leftSignature = (await CoerceAsync(left)).Values!.Signature;
        string rightSignature = (await CoerceAsync(right)).Values!.Signature;
        Assert.Equal(same, leftSignature == rightSignature);
    }

    [Theory]
    [InlineData("2.0")]
    [InlineData("2e0")]
    [InlineData("2")]
    public async Task A_whole_number_is_an_Int_however_it_is_written(string number)
    {
        (VariableValues? values, _) = await CoerceAsync($$"""{"city":"a","first":{{number}}}""");
        Assert.Equal(2, values!["first"]);
    }

    [Fact]
    public async Task A_single_value_stands_for_a_list_of_one()
    {
        (VariableValues? values, _) = await CoerceAsync("""{"city":"a","order":{"createdAt":"ASC"}}""");
        var order = Assert.IsType<List<object?>>(values!["order"]);
        Assert.Single(order);
    }

    private async Task<(VariableValues? Values, CityHelper.Engine.RequestError? Error)> CoerceAsync(string json)
    {
        var compiler = new OperationCompiler(_services.GetRequiredService<ISchema>());
        CompiledOperation compiled = await compiler.CompileAsync(Text, null, CancellationToken.None);
        Assert.Empty(compiled.Errors);
        return VariableValues.Coerce(compiled.Operation!.Variables, JsonDocument.Parse(json).RootElement);
    }
}
